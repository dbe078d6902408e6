import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { type ColorScheme, useBrowser } from "./browser";
import { recordEveryRule, RULES } from "./every-rule";
import { bearerOf } from "./personas";
import { type Stack, startStack } from "./stack";

const OF_EACH_FORM = ["impossible_travel", "data_usage_spike", "auth_failures", "transfer_after_change"];
const MAPPED = ["impossible_travel", "login_after_failures"];
const RAISED_WITHIN = { timeout: 200_000, interval: 500 };
const { open } = useBrowser();
let stack: Stack;
let folder: string;
let cases: Map<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "casewright-drawings-"));
  await recordEveryRule(join(folder, "every-rule.jsonl"));
  stack = await startStack(["--no-simulator", "--replay", join(folder, "every-rule.jsonl")], {
    QUALITY_CHECK_SHARE: "0",
  });
  await vi.waitFor(async () => {
    expect(await listCases()).toEqual(new Set(RULES));
  }, RAISED_WITHIN);
});

afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The rules that have raised an alert. */
async function listCases(): Promise<Set<string>> {
  const answer = await fetch(`${stack.url}/api/cases?limit=100`, { headers: await bearerOf(stack, "ana") });
  const { items } = (await answer.json()) as { items: { case_id: string; alert_type: string }[] };
  cases = new Map(items.map(({ case_id, alert_type }) => [alert_type, case_id]));
  return new Set(cases.keys());
}

async function show(page: Page, rule: string): Promise<void> {
  await page.goto(`${stack.url}/cases/${cases.get(rule) ?? ""}`);
  await page.locator("figure svg[role=img]").first().waitFor();
}

/** Marks and texts that lie outside of their drawing, or texts that are cut by its edge. */
const outside = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll("figure svg")].flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      return [...svg.querySelectorAll("text, circle")]
        .filter((mark) => {
          const { left, right, top, bottom } = mark.getBoundingClientRect();
          return (
            left < frame.left - 1 ||
            right > frame.right + 1 ||
            top < frame.top - 1 ||
            bottom > frame.bottom + 1
          );
        })
        .map((mark) => mark.outerHTML);
    }),
  );

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test.each(RULES)("alert of %s is drawn below its sentence", async (rule) => {
  const page = await open("ana", "light", stack);
  await show(page, rule);
  await expect
    .poll(() => page.locator("figure svg[role=img]").count())
    .toBe(rule === "login_after_failures" ? 2 : 1);
  expect(await outside(page)).toEqual([]);
  const sentence = await page
    .locator("section", { hasText: "Trigger events" })
    .locator("p")
    .first()
    .boundingBox();
  const drawing = await page.locator("figure").first().boundingBox();
  expect(sentence?.y).toBeLessThan(drawing?.y ?? 0);
  const paths = await page.locator("path[data-role=arc]").count();
  expect(paths > 0).toBe(["impossible_travel", "transfer_after_change"].includes(rule));
  await expect
    .poll(async () => (await page.locator("path[data-role=land]").count()) > 0)
    .toBe(MAPPED.includes(rule));
});

test("numbers of a drawing are read by keyboard", async () => {
  const page = await open("ana", "light", stack);
  await show(page, "impossible_travel");
  await page.getByText("The same in numbers").press("Enter");
  await page.getByRole("cell", { name: "5,423 km in 30 minutes, 10,845 km/h" }).waitFor();
  const image = page.getByRole("img", { name: "Where the logins came from" });
  await expect
    .poll(() => image.locator("desc").textContent())
    .toContain("from Lisbon, PT to New York, US 5,423 km");
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("drawings have no grave accessibility faults", async () => {
    const page = await open("ana", scheme, stack);
    for (const rule of ["impossible_travel", "data_usage_spike"]) {
      await show(page, rule);
      await page.getByText("The same in numbers").click();
      expect(await accessibilityFaults(page)).toEqual([]);
    }
  });

  test.each([1280, 700, 360])("drawings stay on the page at %i pixels", async (width) => {
    const page = await open("ana", scheme, stack);
    await page.setViewportSize({ width, height: 900 });
    const pictures = process.env.DRAWING_PICTURES;
    for (const rule of pictures === undefined ? OF_EACH_FORM : RULES) {
      await show(page, rule);
      await expect.poll(() => overflow(page)).toBe(0);
      if (pictures !== undefined)
        await page.screenshot({ path: join(pictures, `${rule}-${scheme}-${width}.png`) });
    }
  });
});

test("exported page draws the same and runs nothing", async () => {
  const page = await open("ana", "light", stack);
  for (const rule of RULES) {
    await show(page, rule);
    const drawn = await page.locator("figure svg[role=img] > *:not(desc)").count();
    const answer = await page.request.get(
      `${stack.url}/api/cases/${cases.get(rule) ?? ""}/export?format=html`,
    );
    const printed = await page.context().newPage();
    const asked: string[] = [];
    printed.on("request", (request) => asked.push(request.url()));
    await printed.setContent(await answer.text());
    await expect.poll(() => printed.locator("figure svg[role=img] > *").count()).toBe(drawn);
    await expect.poll(() => printed.locator("script").count()).toBe(0);
    expect(await outside(printed)).toEqual([]);
    expect(asked).toEqual([]);
    const pictures = process.env.DRAWING_PICTURES;
    if (pictures !== undefined) await printed.screenshot({ path: join(pictures, `${rule}-exported.png`) });
    await printed.close();
  }
});
