import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { openCase } from "./api";
import { useBrowser } from "./browser";
import { button, region, WORK_MS } from "./page-actions";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

const focused = (page: Page) => page.evaluate(() => document.activeElement?.id ?? null);

test("keyboard focus follows links and decisions", async () => {
  const customer = await customerWith(stack, "new_device", 0);
  await openCase(stack, customer);
  const page = await open("ana");
  await page.goto(`${stack.url}/?customer_id=${customer.customer_id}`);
  const row = page.getByRole("row", { name: `Customer ${customer.customer_id}` });
  await row.getByText("Awaiting review").waitFor({ timeout: WORK_MS });
  await row.getByRole("link").focus();
  await page.keyboard.press("Enter");
  await button(page, /^Approve/).waitFor();
  await page.waitForFunction(() => document.activeElement !== document.body);
  await expect.poll(() => focused(page)).toBe("main");
  await page.keyboard.press("Tab");
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.textContent))
    .toBe("Show personal data");
  await page.keyboard.press("Tab");
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
    .toBe("Back to the desk");

  await page.getByRole("radio", { name: "Lock account", exact: true }).focus();
  await page.keyboard.press("Space");
  const why = page.getByPlaceholder(/this or a reason is needed/);
  if ((await why.count()) > 0) await why.fill("The customer was asked.");
  await button(page, /^Approve/).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Lock account", exact: true }).focus();
  await page.keyboard.press("Enter");
  await region(page, "Decision").getByText("Account locked", { exact: true }).waitFor({ timeout: WORK_MS });
  await expect.poll(() => focused(page)).toBe("decision");
});
