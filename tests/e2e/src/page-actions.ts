import type { Locator, Page } from "playwright-core";

/** How long a page may wait for anything on a busy machine, an investigation or an effect included, in milliseconds. */
export const WORK_MS = 90_000;

export const button = (page: Page, name: string | RegExp): Locator => page.getByRole("button", { name });

export const region = (page: Page, name: string): Locator => page.getByRole("region", { name });

/** Chooses an action of the open review, says why where that is needed, and confirms it. */
export async function approve(page: Page, action: string): Promise<void> {
  await page.getByRole("radio", { name: action, exact: false }).first().check();
  await giveReason(page);
  await button(page, /^Approve/).click();
  await page.getByRole("dialog").getByRole("button", { name: action, exact: true }).click();
}

/** Gives the reason that overruling the assessment takes. */
export async function giveReason(page: Page): Promise<void> {
  const why = page.getByPlaceholder(/this or a reason is needed/);
  if ((await why.count()) > 0) await why.fill("The customer was asked.");
}

/** Sends the case back for another round. */
export async function reject(page: Page, feedback: string, submit: string): Promise<void> {
  await button(page, "Reject with feedback").click({ timeout: WORK_MS });
  await page.getByRole("textbox", { name: /looked at again/ }).fill(feedback);
  await button(page, submit).click();
}
