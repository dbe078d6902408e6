import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openCase, setModelLatency } from "./api";
import { useBrowser } from "./browser";
import { approve, button, region, WORK_MS } from "./gestures";
import { customerWith, type Stack, startStack } from "./stack";

/** A specialist that is asked takes longer than this test lasts. */
const FOR_LONG_S = 600;
/** A guard: what is away is said after half a minute, on a machine that is not busy. */
const SAID_MS = 120_000;
const TEST_MS = 400_000;

let stack: Stack;
const { open } = useBrowser();

beforeAll(async () => {
  stack = await startStack(["--no-simulator"], { QUALITY_CHECK_SHARE: "0" });
});
afterEach(async () => {
  stack.bringBack();
  await setModelLatency(stack, 0);
});
afterAll(async () => {
  await stack.stop();
});

const banner = (page: Page, words: RegExp) => page.getByRole("alert").filter({ hasText: words });
const live = (page: Page) => page.getByText("Live", { exact: true });
const usage = (page: Page) => page.getByRole("article", { name: "Usage specialist" }).getByRole("status");

test(
  "a worker that dies in the middle of a case is said, until another takes its work up",
  async () => {
    await setModelLatency(stack, FOR_LONG_S);
    const caseId = await openCase(stack, await customerWith(stack, "stolen_card", 0));
    const page = await open("ana", "light", stack);
    await page.goto(`${stack.url}/cases/${caseId}`);
    await usage(page).filter({ hasText: "Running" }).waitFor({ timeout: WORK_MS });
    await page.getByText("the specialists are at work").waitFor();
    await live(page).waitFor();

    await stack.takeAway("worker");
    await banner(page, /No worker has been at work since .* what was begun stands still/).waitFor({
      timeout: SAID_MS,
    });
    await page.getByText("the investigation stands still, because no worker is at work").waitFor();
    await usage(page).filter({ hasText: "Interrupted" }).waitFor();
    await page.getByText("Interrupted", { exact: true }).first().waitFor();
    expect(await live(page).count()).toBe(0);
    expect(await page.getByText("the specialists are at work").count()).toBe(0);

    await setModelLatency(stack, 0);
    stack.bringBack();
    await button(page, /^Approve/).waitFor({ timeout: SAID_MS });
    await live(page).waitFor({ timeout: SAID_MS });
    expect(await page.getByRole("alert").count()).toBe(0);
  },
  TEST_MS,
);

test(
  "a scheduler that is away is said, also of a decision that waits for it, until it is back",
  async () => {
    const decided = await openCase(stack, await customerWith(stack, "stolen_card", 1));
    const [page, other] = [await open("ana", "light", stack), await open("ben", "light", stack)];
    await page.goto(`${stack.url}/cases/${decided}`);
    await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
    await live(page).waitFor();

    await stack.takeAway("scheduler");
    await banner(page, /The scheduler has not answered since .* no investigation goes on/).waitFor({
      timeout: SAID_MS,
    });
    expect(await live(page).count()).toBe(0);
    await approve(page, "Lock account");
    await region(page, "Decision")
      .getByText(
        "Your decision is recorded. It is not carried out yet, because the scheduler does not answer",
      )
      .waitFor({ timeout: WORK_MS });
    const waiting = await openCase(stack, await customerWith(stack, "stolen_card", 2));
    await other.goto(`${stack.url}/cases/${waiting}`);
    await other
      .getByText("the investigation stands still, because the scheduler does not answer")
      .waitFor({ timeout: WORK_MS });
    expect(await other.getByText("the specialists are at work").count()).toBe(0);

    stack.bringBack();
    await region(page, "Decision").getByText("Account locked", { exact: true }).waitFor({ timeout: SAID_MS });
    await button(other, /^Approve/).waitFor({ timeout: SAID_MS });
    for (const each of [page, other]) {
      await live(each).waitFor({ timeout: SAID_MS });
      expect(await each.getByRole("alert").count()).toBe(0);
    }
  },
  TEST_MS,
);
