import { beforeAll, describe, expect, inject, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { openCase } from "./api";
import { type ColorScheme, useBrowser } from "./browser";
import { button, region, WORK_MS } from "./page-actions";
import { bearerOf } from "./personas";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();
const EMAIL = "rosalind.ashworth@mail.example.com";
const MASKED = "r…@mail.example.com";
let caseId: string;

beforeAll(async () => {
  caseId = await openCase(stack, await customerWith(stack, "travel", 0));
  const answer = await fetch(`${stack.url}/api/cases/${caseId}/notes`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(await bearerOf(stack, "ana")) },
    body: JSON.stringify({ text: `Wrote to ${EMAIL}.` }),
  });
  expect(answer.status).toBe(201);
});

test("personal data is shown on one case until its page is left", async () => {
  const page = await open("ana", "light");
  await page.goto(`${stack.url}/cases/${caseId}`);
  const notes = region(page, "Notes");
  await notes.getByText(`Wrote to ${MASKED}.`).waitFor({ timeout: WORK_MS });
  expect(await button(page, "Show personal data").getAttribute("aria-pressed")).toBe("false");
  await page.getByText("Showing it is recorded").waitFor();

  await button(page, "Show personal data").focus();
  await page.keyboard.press("Enter");
  await notes.getByText(`Wrote to ${EMAIL}.`).waitFor();
  await page.getByText("Personal data is shown; that is recorded.").waitFor();
  await page.keyboard.press("Enter");
  await notes.getByText(`Wrote to ${MASKED}.`).waitFor();
  expect(await page.content()).not.toContain(EMAIL);

  await page.keyboard.press("Enter");
  await notes.getByText(`Wrote to ${EMAIL}.`).waitFor();
  await page.getByRole("link", { name: "Back to the desk" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.goBack();
  await notes.getByText(`Wrote to ${MASKED}.`).waitFor();
  expect(await button(page, "Show personal data").getAttribute("aria-pressed")).toBe("false");
});

test("managers see to whom it was shown", async () => {
  const page = await open("maria", "light");
  await page.goto(`${stack.url}/cases/${caseId}`);
  await button(page, "Show who saw this case").click({ timeout: WORK_MS });
  await page
    .getByText(/saw personal data/)
    .first()
    .waitFor();
});

test("viewers see it masked, and are offered neither button nor files", async () => {
  const page = await open("vera", "light");
  await page.goto(`${stack.url}/cases/${caseId}`);
  await region(page, "Notes").getByText(`Wrote to ${MASKED}.`).waitFor({ timeout: WORK_MS });
  expect(await button(page, "Show personal data").count()).toBe(0);
  expect(await button(page, "Export").count()).toBe(0);
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("the pressed button has no grave accessibility faults", async () => {
    const page = await open("ana", scheme);
    await page.goto(`${stack.url}/cases/${caseId}`);
    await button(page, "Show personal data").click({ timeout: WORK_MS });
    await region(page, "Notes").getByText(EMAIL).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});
