import { readFile } from "node:fs/promises";
import type { Download, Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { claimCase, openCase } from "./api";
import { useBrowser } from "./browser";
import { button, WORK_MS } from "./page-actions";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

const rowOf = (page: Page, customer: number) =>
  page.getByRole("row", { name: new RegExp(`Customer ${customer}\\b`) });

test("first visit signs in, is named, signs out", async () => {
  const page = await open(null);
  await page.goto(`${stack.url}/`);
  await page.getByRole("heading", { name: "Who is at the desk?" }).waitFor();
  await button(page, /^Ana/).click();
  await page.getByRole("navigation", { name: "Views" }).waitFor();
  await button(page, /Signed in as\s*Ana/).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Who is at the desk?" }).waitFor();
  expect((await page.request.get(`${stack.url}/api/cases`)).status()).toBe(401);
});

test("expired session asks for a name and keeps drafts", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "travel", 1), "medium");
  const page = await open("ben");
  await page.goto(`${stack.url}/cases/${caseId}`);
  const note = page.getByRole("textbox", { name: "New note" });
  await note.fill("The customer called from the hotel.");
  await page.context().clearCookies();
  // An event of another case may make the page ask first: then the dialog covers the button already.
  await button(page, "Add note").dispatchEvent("click");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("What you typed is still there.").waitFor();
  await dialog.getByRole("button", { name: /^Ben/ }).click();
  await dialog.waitFor({ state: "hidden" });
  await expect.poll(() => note.inputValue()).toBe("The customer called from the hotel.");
  await button(page, "Add note").click();
  await page.getByRole("region", { name: "Notes" }).getByRole("listitem").getByText("hotel").waitFor();
});

test("bulk claims cases and clears none against its assessment", async () => {
  const customers = [
    await customerWith(stack, "subscription_abuse", 0),
    await customerWith(stack, "subscription_abuse", 1),
    await customerWith(stack, "stolen_card", 2),
  ];
  const cases = await Promise.all(customers.map((customer) => openCase(stack, customer)));
  const page = await open("ana");
  await page.goto(`${stack.url}/`);
  for (const { customer_id } of customers) {
    await rowOf(page, customer_id).getByText("Awaiting review").waitFor({ timeout: WORK_MS });
  }
  await claimCase(stack, cases[2] ?? "", "ben");
  await rowOf(page, customers[2]?.customer_id ?? 0)
    .getByText("Ben")
    .waitFor();
  for (const { customer_id } of customers) await rowOf(page, customer_id).getByRole("checkbox").check();

  await button(page, "Close as false positive…").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("0 will be cleared, 3 refused.").waitFor();
  await dialog.getByText(/claimed this case at/).waitFor();
  await expect.poll(() => dialog.getByText(/clearing it overrules that|rated critical/).count()).toBe(2);
  await expect.poll(() => button(page, "Close 0 cases").isDisabled()).toBe(true);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });

  await button(page, "Claim…").click();
  await dialog.getByText("2 will be yours, 1 refused.").waitFor();
  await button(page, "Claim 2 cases").click();
  await dialog.getByText("2 yours now, 1 refused.").waitFor();
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  for (const { customer_id } of customers.slice(0, 2)) {
    await rowOf(page, customer_id).getByText("You").waitFor();
  }
  await rowOf(page, customers[2]?.customer_id ?? 0)
    .getByText("Ben")
    .waitFor();
});

test("filters live in the address and in saved views", async () => {
  const customer = await customerWith(stack, "data_resale", 2);
  await openCase(stack, customer);
  const page = await open("ana");
  await page.goto(`${stack.url}/?customer_id=${customer.customer_id}`);
  await rowOf(page, customer.customer_id).waitFor();
  await expect.poll(() => page.getByRole("row", { name: /Customer/ }).count()).toBe(1);
  await button(page, "Save view…").click();
  await page.getByRole("textbox", { name: "Name" }).fill("My suspect");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const view = page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: /^My suspect/ });
  await view.waitFor();
  await page.getByRole("link", { name: /^All/ }).click();
  await page.waitForURL(`${stack.url}/`);
  await view.click();
  await page.waitForURL(`**/?customer_id=${customer.customer_id}`);
  await button(page, "Change the view My suspect").click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await view.waitFor({ state: "detached" });
});

async function contentOf(download: Download): Promise<string> {
  return readFile(await download.path(), "utf8");
}

test("notes and attachments are part of the export", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "travel", 2), "medium");
  const page = await open("ana");
  await page.goto(`${stack.url}/cases/${caseId}`);
  await page.getByRole("textbox", { name: "New note" }).fill("Ticket 4711 confirms the trip.");
  await button(page, "Add note").click();
  await page.getByRole("region", { name: "Notes" }).getByText("Ticket 4711").waitFor();
  await page.locator("input[type=file]").setInputFiles({
    name: "ticket.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("Lisbon, 21 November"),
  });
  const file = page.getByRole("region", { name: "Attachments" }).getByRole("link", { name: "ticket.txt" });
  const [attachment] = await Promise.all([page.waitForEvent("download"), file.click()]);
  expect(await contentOf(attachment)).toBe("Lisbon, 21 November");

  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByText("File attached: ticket.txt").waitFor();
  await timeline.getByText("Chain intact").waitFor();
  await page.getByRole("button", { name: "Export" }).click();
  const [exported] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Everything, JSON" }).click(),
  ]);
  const record = JSON.parse(await contentOf(exported)) as { format: string; notes: { text: string }[] };
  expect(record.format).toBe("casewright-case-export");
  expect(record.notes.map(({ text }) => text)).toEqual(["Ticket 4711 confirms the trip."]);
});
