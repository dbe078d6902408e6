import type { Page } from "playwright-core";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { openCase } from "./api";
import { type ColorScheme, useBrowser } from "./browser";
import { WORK_MS } from "./page-actions";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();
let caseId: string;

beforeAll(async () => {
  caseId = await openCase(stack, await customerWith(stack, "stolen_card"));
});

const approveButton = (page: Page) => page.getByRole("button", { name: /^Approve/ });

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("sign-in page has no grave accessibility faults", async () => {
    const page = await open(null, scheme);
    await page.goto(`${stack.url}/`);
    await page.getByRole("button", { name: /^Ana/ }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test("queue has none, with filters and bulk dialog", async () => {
    const page = await open("maria", scheme);
    await page.goto(`${stack.url}/?sort=-score`);
    await page
      .getByRole("row", { name: /Customer/ })
      .first()
      .waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);

    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByLabel("Risk score at least").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");

    await page.getByRole("checkbox", { name: "Select every case of this page" }).check();
    await page.getByRole("button", { name: "Close as false positive…" }).click();
    await page.getByRole("dialog").getByText("Comment", { exact: true }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test("case page has none, with evidence and confirmation", async () => {
    const page = await open("ana", scheme);
    await page.goto(`${stack.url}/cases/${caseId}`);
    await approveButton(page).waitFor({ timeout: WORK_MS });
    expect(await accessibilityFaults(page)).toEqual([]);

    await page
      .getByRole("button", { name: /^Evidence: Customer/ })
      .first()
      .click();
    await page.getByRole("dialog").getByText("Customer id").first().waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });

    await approveButton(page).click();
    await page
      .getByRole("dialog")
      .getByText(/customer/)
      .first()
      .waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test("form to open a case has none", async () => {
    const page = await open("ana", scheme);
    await page.goto(`${stack.url}/start`);
    await page.getByRole("button", { name: "Open the case" }).click();
    await page.getByText("Say what you saw.").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});
