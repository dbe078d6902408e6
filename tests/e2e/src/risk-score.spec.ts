import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { type ColorScheme, useBrowser } from "./browser";
import { button, region } from "./page-actions";

const ROOT = resolve(import.meta.dirname, "../../..");
const PANEL = "The learned score's model";
const stack = inject("stack");
const { open } = useBrowser();

async function show(page: Page): Promise<void> {
  await page.goto(`${stack.url}/rules`);
  await button(page, "Show Learned score").press("Enter");
  await region(page, PANEL).getByRole("list", { name: "Models, newest first" }).waitFor();
}

beforeAll(async () => {
  const casebook = `sqlite:///${join(stack.data, "casebook.db")}`;
  await promisify(execFile)(join(ROOT, ".venv/bin/python"), ["-m", "tests.support.risk_models", casebook], {
    cwd: ROOT,
    env: { ...process.env, PYTHONPATH: ROOT },
  });
});

test("analyst sees how the score is doing and changes nothing", async () => {
  const page = await open("ana");
  await show(page);
  const panel = region(page, PANEL);
  await panel.getByText("Model 9 may alert").waitFor();
  await panel.getByText(/^Ready: of the 140 charges with the highest scores 80% /).waitFor();
  await panel.getByRole("row", { name: /the amount against the customer's usual one.*Shifted/ }).waitFor();
  await panel.getByText("telemetry (event hub), partition 0").waitFor();
  await expect.poll(() => panel.getByRole("button", { name: /Go back/ }).count()).toBe(0);
});

test.each([320, 390, 720])("nothing overflows at %i pixels", async (width) => {
  const page = await open("maria");
  await page.setViewportSize({ width, height: 800 });
  await show(page);
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  ).toBe(0);
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("the score has no grave accessibility faults", async () => {
    const page = await open("maria", scheme);
    await show(page);
    expect(await accessibilityFaults(page)).toEqual([]);
    const picture = process.env.RISK_SCORE_PICTURES;
    if (picture !== undefined) await page.screenshot({ path: `${picture}-${scheme}.png`, fullPage: true });
  });
});

test("manager goes back to an earlier model by keyboard, and the log says so", async () => {
  const page = await open("maria");
  await show(page);
  const panel = region(page, PANEL);
  await panel.getByRole("button", { name: "Go back to model 7" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Why?" }).fill("It alerts on salaries.");
  await dialog.getByRole("button", { name: "Go back", exact: true }).press("Enter");
  await dialog.waitFor({ state: "hidden" });
  const newest = panel.getByRole("list", { name: "Models, newest first" }).getByRole("listitem").first();
  await newest.getByText("Model 10").waitFor();
  await newest.getByText("Went back to model 7.").waitFor();
  await newest.getByText("In shadow").waitFor();
  await panel.getByText(/Model 10 takes over within ten minutes\./).waitFor();

  await page.getByRole("link", { name: "Settings" }).press("Enter");
  const log = page.getByRole("list", { name: "Changes, newest first" });
  await log.getByText("went back to an earlier model of the learned score, as model 10").waitFor();
});
