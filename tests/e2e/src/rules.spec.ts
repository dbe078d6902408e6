import type { Page } from "playwright-core";
import { describe, expect, inject, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { type ColorScheme, useBrowser } from "./browser";
import { button, region } from "./page-actions";

const stack = inject("stack");
const { open } = useBrowser();

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function show(page: Page, rule: string): Promise<void> {
  await page.goto(`${stack.url}/rules`);
  await button(page, `Show ${rule}`).press("Enter");
  await region(page, rule).getByRole("list", { name: "Versions, newest first" }).waitFor();
}

/** Says why in the dialog that is open, and confirms it, by keyboard. */
async function confirm(page: Page, action: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Why?" }).fill("Tried in a browser.");
  await dialog.getByRole("button", { name: action, exact: true }).press("Enter");
  await dialog.waitFor({ state: "hidden" });
}

test("rule is drafted, shadowed, promoted and rolled back, by keyboard", async () => {
  const page = await open("maria");
  await page.goto(stack.url);
  await page.getByRole("link", { name: "Rules", exact: true }).press("Enter");
  await button(page, "Show Charge velocity").press("Enter");
  const rule = region(page, "Charge velocity");
  const charges = rule.getByRole("textbox", { name: "Min charges" });
  await charges.fill("0");
  await rule.getByText("A whole number from 1 to 1,000,000.").waitFor();
  await button(page, "Add a band").press("Enter");
  await charges.fill("9");
  await charges.press("Enter");
  await confirm(page, "Save draft");

  const newest = rule.getByRole("list", { name: "Versions, newest first" }).getByRole("listitem").first();
  await newest.getByText("Version 2").waitFor();
  await newest.getByText("one analyst from 0").waitFor();
  await newest.getByRole("button", { name: "Put into shadow version 2" }).press("Enter");
  await confirm(page, "Put into shadow");
  await newest.getByText("In shadow", { exact: true }).waitFor();
  await newest.getByRole("button", { name: "Make live version 2" }).press("Enter");
  await confirm(page, "Make live");
  await newest.getByText("Live", { exact: true }).waitFor();
  await expect.poll(() => charges.inputValue()).toBe("9");
  await rule.getByRole("button", { name: "Go back to version 1" }).press("Enter");
  await confirm(page, "Go back to");
  await newest.getByText("Version 3").waitFor();

  await page.getByRole("link", { name: "Settings" }).press("Enter");
  const log = page.getByRole("list", { name: "Changes, newest first" });
  await log.getByText("went back to an earlier version of the rule charge_velocity").waitFor();
});

test("rule that is shown is in sight and has an address", async () => {
  const page = await open("ana");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${stack.url}/rules`);
  await button(page, "Show Impossible travel").click();
  const rule = page.getByRole("region", { name: "Impossible travel", exact: true });
  const heading = rule.getByRole("heading", { name: "Impossible travel", exact: true });
  const isAbove = async (limit: number) => {
    const top = (await heading.boundingBox())?.y ?? -1;
    return top > 0 && top < limit;
  };
  await expect.poll(() => isAbove(400)).toBe(true);
  await expect.poll(() => rule.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(new URL(page.url()).search).toBe("?rule=impossible_travel");
  await page.reload();
  await heading.waitFor();
  await expect.poll(() => isAbove(800)).toBe(true);
  await button(page, "Show Api burst").click();
  await page.goBack();
  await heading.waitFor();
});

test("analyst reads the rules and changes none", async () => {
  const page = await open("ana");
  await show(page, "Login spraying");
  await expect.poll(() => button(page, "Switch off…").count()).toBe(0);
  await expect.poll(() => button(page, "Save as draft…").count()).toBe(0);
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("rules have no grave accessibility faults, dialogs included", async () => {
    const page = await open("maria", scheme);
    await show(page, "Impossible travel");
    expect(await accessibilityFaults(page)).toEqual([]);
    await button(page, "Switch off…").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Switch the rule off?").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });
});

test.each([320, 390, 720])("nothing overflows at %i pixels", async (width) => {
  const page = await open("maria");
  await page.setViewportSize({ width, height: 800 });
  await show(page, "Impossible travel");
  await expect.poll(() => overflow(page)).toBe(0);
});
