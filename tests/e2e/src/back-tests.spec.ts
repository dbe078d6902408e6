import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { type ColorScheme, useBrowser } from "./browser";
import { button, region, WORK_MS } from "./page-actions";

const stack = inject("stack");
const { open } = useBrowser();

const RULE = "Api burst";
const DAYS = 7;
const MINUTE_MS = 60_000;
const FIRST_MS = Date.UTC(2026, 2, 2, 12);
const PICTURE = process.env.KEEP_PICTURES;

/** A week in which a few customers call an API in bursts of several sizes, each day others; of the largest are labels. */
beforeAll(async () => {
  const folder = join(stack.data, "recordings");
  await mkdir(folder, { recursive: true });
  const lines: string[] = [];
  const labels: string[] = [];
  for (let day = 0; day < DAYS; day += 1) {
    for (let customer = 1; customer <= 6; customer += 1) {
      const calls = 8 + 9 * ((day + customer) % 6);
      for (let call = 0; call < calls; call += 1) {
        const at = FIRST_MS + day * 24 * 60 * MINUTE_MS + customer * 10 * MINUTE_MS + call * 500;
        const event_id = `burst-${day}-${customer}-${call}`;
        lines.push(
          JSON.stringify({
            event_id,
            customer_id: customer,
            occurred_at: new Date(at).toISOString(),
            kind: "api_call",
            attributes: { endpoint: "/v1/balance" },
          }),
        );
        if (calls > 40) labels.push(event_id);
      }
    }
  }
  await writeFile(join(folder, "bursts.jsonl"), lines.join("\n"));
  await writeFile(join(folder, "bursts.labels.txt"), labels.join("\n"));
});

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function confirm(page: Page, action: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Why?" }).fill("Tried in a browser.");
  await dialog.getByRole("button", { name: action, exact: true }).press("Enter");
  await dialog.waitFor({ state: "hidden" });
}

async function show(page: Page): Promise<void> {
  await page.goto(`${stack.url}/rules`);
  await button(page, `Show ${RULE}`).press("Enter");
  await region(page, `Back-tests of ${RULE}`).getByRole("form").waitFor();
}

/** Drafts a more cautious version, and back-tests it on the week; what was found is shown. */
async function backTest(page: Page, calls: string): Promise<void> {
  await show(page);
  const rule = region(page, RULE);
  const least = rule.getByRole("textbox", { name: "Min calls" });
  await least.fill(calls);
  await least.press("Enter");
  await confirm(page, "Save draft");
  const lab = region(page, `Back-tests of ${RULE}`);
  await lab
    .getByRole("combobox", { name: "Version" })
    .getByText("(draft)")
    .first()
    .waitFor({ state: "attached" });
  await lab.getByRole("combobox", { name: "Telemetry" }).selectOption("recording bursts.jsonl");
  await lab.getByRole("button", { name: "Back-test…" }).press("Enter");
  await confirm(page, "Back-test");
  const newest = lab.getByRole("list", { name: "Back-tests, newest first" }).getByRole("listitem").first();
  await newest.getByRole("button", { name: /^Show what/ }).press("Enter", { timeout: WORK_MS });
  await lab.getByRole("img", { name: "Alerts by day" }).waitFor();
}

test("draft is back-tested on a recording and promoted, by keyboard", async () => {
  const page = await open("maria");
  await backTest(page, "30");
  const lab = region(page, `Back-tests of ${RULE}`);
  const found = lab.getByRole("region", { name: /^What version \d+ found$/ });
  await expect.poll(() => found.textContent()).toMatch(/\d+ gained\d+ lost\d+ kept/);
  await found.getByText("By the labels of the recording").waitFor();
  if (PICTURE !== undefined) {
    await page.setViewportSize({ width: 1100, height: 900 });
    await lab.screenshot({ path: PICTURE });
  }
  await found.getByRole("button", { name: /^Make version \d+ live…$/ }).press("Enter");
  await confirm(page, "Make live");
  await found.getByRole("button", { name: /^Make version/ }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Settings" }).press("Enter");
  const log = page.getByRole("list", { name: "Changes, newest first" });
  await log
    .getByText(/ordered a back-test of api_burst version \d+/)
    .first()
    .waitFor();
});

test("analyst sees how right a rule is and orders nothing", async () => {
  const page = await open("ana");
  await page.goto(`${stack.url}/rules`);
  await button(page, `Show ${RULE}`).press("Enter");
  await region(page, `How right ${RULE} is`).waitFor();
  await expect.poll(() => region(page, `Back-tests of ${RULE}`).count()).toBe(0);
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("result has no grave accessibility faults", async () => {
    const page = await open("maria", scheme);
    await backTest(page, scheme === "light" ? "31" : "32");
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

test.each([320, 390, 720])("result does not overflow at %i pixels", async (width) => {
  const page = await open("maria");
  await page.setViewportSize({ width, height: 800 });
  await show(page);
  const lab = region(page, `Back-tests of ${RULE}`);
  await lab
    .getByRole("button", { name: /^Show what/ })
    .first()
    .press("Enter");
  await lab.getByRole("img", { name: "Alerts by day" }).waitFor();
  await expect.poll(() => overflow(page)).toBe(0);
});
