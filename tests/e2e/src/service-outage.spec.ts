import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openCase, setModelLatency } from "./api";
import { useBrowser } from "./browser";
import { approve, button, region, WORK_MS } from "./page-actions";
import { customerWith, type Stack, startStack } from "./stack";

/** A specialist takes longer than the test lasts. */
const SLOW_ANSWER_S = 600;
/** A guard: an outage is reported after half a minute on a machine that is not busy. */
const REPORTED_MS = 120_000;
const TEST_MS = 400_000;

let stack: Stack;
const { open } = useBrowser();

beforeAll(async () => {
  stack = await startStack(["--no-simulator"], { QUALITY_CHECK_SHARE: "0" });
});
afterEach(async () => {
  stack.restartParts();
  await setModelLatency(stack, 0);
});
afterAll(async () => {
  await stack.stop();
});

const banner = (page: Page, words: RegExp) => page.getByRole("alert").filter({ hasText: words });
const live = (page: Page) => page.getByText("Live", { exact: true });
const usage = (page: Page) => page.getByRole("article", { name: "Usage specialist" }).getByRole("status");

test(
  "dead worker is reported until another takes over",
  async () => {
    await setModelLatency(stack, SLOW_ANSWER_S);
    const caseId = await openCase(stack, await customerWith(stack, "stolen_card", 0));
    const page = await open("ana", "light", stack);
    await page.goto(`${stack.url}/cases/${caseId}`);
    await usage(page).filter({ hasText: "Running" }).waitFor({ timeout: WORK_MS });
    await page.getByText("the specialists are at work").waitFor();
    await live(page).waitFor();

    await stack.killPart("worker");
    await banner(page, /No worker has been at work since .* running work is paused/).waitFor({
      timeout: REPORTED_MS,
    });
    await page.getByText("the investigation is paused, because no worker is at work").waitFor();
    await usage(page).filter({ hasText: "Interrupted" }).waitFor();
    await page.getByText("Interrupted", { exact: true }).first().waitFor();
    await expect.poll(() => live(page).count()).toBe(0);
    await expect.poll(() => page.getByText("the specialists are at work").count()).toBe(0);

    await setModelLatency(stack, 0);
    stack.restartParts();
    await button(page, /^Approve/).waitFor({ timeout: REPORTED_MS });
    await live(page).waitFor({ timeout: REPORTED_MS });
    await expect.poll(() => page.getByRole("alert").count()).toBe(0);
  },
  TEST_MS,
);

test(
  "scheduler outage is reported until it is back",
  async () => {
    const decided = await openCase(stack, await customerWith(stack, "stolen_card", 1));
    const [page, other] = [await open("ana", "light", stack), await open("ben", "light", stack)];
    await page.goto(`${stack.url}/cases/${decided}`);
    await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
    await live(page).waitFor();

    await stack.killPart("scheduler");
    await banner(page, /The scheduler has not answered since .* no investigation goes on/).waitFor({
      timeout: REPORTED_MS,
    });
    await expect.poll(() => live(page).count()).toBe(0);
    await approve(page, "Lock account");
    await region(page, "Decision")
      .getByText(
        "Your decision is recorded. It is not carried out yet, because the scheduler does not answer",
      )
      .waitFor({ timeout: WORK_MS });
    const waiting = await openCase(stack, await customerWith(stack, "stolen_card", 2));
    await other.goto(`${stack.url}/cases/${waiting}`);
    await other
      .getByText("the investigation is paused, because the scheduler does not answer")
      .waitFor({ timeout: WORK_MS });
    await expect.poll(() => other.getByText("the specialists are at work").count()).toBe(0);

    stack.restartParts();
    await region(page, "Decision")
      .getByText("Account locked", { exact: true })
      .waitFor({ timeout: REPORTED_MS });
    await button(other, /^Approve/).waitFor({ timeout: REPORTED_MS });
    for (const each of [page, other]) {
      await live(each).waitFor({ timeout: REPORTED_MS });
      await expect.poll(() => each.getByRole("alert").count()).toBe(0);
    }
  },
  TEST_MS,
);
