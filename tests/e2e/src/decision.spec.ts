import type { Page } from "playwright-core";
import { afterEach, expect, inject, test } from "vitest";
import { openCase, setModel, setModelLatency } from "./api";
import { useBrowser } from "./browser";
import { approve, button, giveReason, region, WORK_MS } from "./page-actions";
import { callTool } from "./mcp";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

const specialist = (page: Page, name: string) =>
  page.getByRole("article", { name: `${name} specialist` }).getByRole("status");
const accountStatus = async (customer_id: number) =>
  (await callTool(stack, "get_customer", { customer_id })).status;

afterEach(() => setModel(stack, {}));

test("fraud case is rejected, investigated again, approved and locked", async () => {
  const customer = await customerWith(stack, "account_takeover");
  expect(await accountStatus(customer.customer_id)).toBe("active");
  await setModelLatency(stack, 1);
  const page = await open();
  await page.goto(`${stack.url}/`);
  await page.getByText("Live", { exact: true }).waitFor();

  const caseId = await openCase(stack, customer);
  await page
    .getByRole("row", { name: `Customer ${customer.customer_id}` })
    .getByRole("link")
    .click();
  await page.waitForURL(`**/cases/${caseId}`);

  for (const name of ["Usage", "Location", "Billing"]) {
    await specialist(page, name).filter({ hasText: "Running" }).waitFor({ timeout: WORK_MS });
  }
  for (const name of ["Usage", "Location", "Billing"]) {
    await specialist(page, name).filter({ hasText: "Done" }).waitFor({ timeout: WORK_MS });
  }
  await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
  const score = page.getByRole("meter", { name: "Overall risk score" });
  await expect
    .poll(async () => Number(await score.getAttribute("aria-valuenow")))
    .toBeGreaterThanOrEqual(0.6);

  const feedback = "Look at the support tickets before you judge.";
  await button(page, "Reject with feedback").click();
  await page.getByRole("textbox", { name: /looked at again/ }).fill(feedback);
  await button(page, "Reject and start round 2").click();
  await page.getByText("Your feedback is recorded.").waitFor();
  await page.getByText("Round 2 · 3 of 3 reported").waitFor({ timeout: WORK_MS });
  await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
  const assessment = page.getByRole("region", { name: "Assessment" });
  await expect.poll(() => assessment.textContent()).toContain(feedback);
  await expect.poll(() => assessment.textContent()).toContain("get_support_tickets");
  await expect
    .poll(() => page.getByRole("region", { name: "Earlier rounds" }).textContent())
    .toContain(feedback);

  await page.getByRole("radio", { name: "Lock account" }).check();
  await giveReason(page);
  await button(page, "Approve: lock account…").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(`Locks the account of customer ${customer.customer_id}.`).waitFor();
  expect(await accountStatus(customer.customer_id)).toBe("active");
  await dialog.getByRole("button", { name: "Lock account" }).click();

  const decision = page.getByRole("region", { name: "Decision" });
  await decision.getByText("Account locked").waitFor({ timeout: WORK_MS });
  await page.getByRole("region", { name: "Effects" }).getByText("Done", { exact: true }).waitFor();
  await page.getByRole("region", { name: "Timeline" }).getByText("Closed: account locked").waitFor();
  expect(await accountStatus(customer.customer_id)).toBe("locked");
});

test("evidence opens by link and closes by keyboard", async () => {
  const customer = await customerWith(stack, "account_takeover", 1);
  const caseId = await openCase(stack, customer);
  const page = await open();
  await page.goto(`${stack.url}/cases/${caseId}`);
  await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
  const chip = button(page, "Evidence: Security logs").first();
  await chip.focus();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog");
  await drawer.getByText("Security logs").waitFor();
  await drawer.getByText("Customer id").first().waitFor();
  await drawer.getByText("JSON").click();
  await expect.poll(() => drawer.getByLabel("Result as JSON").textContent()).toContain('"entries"');
  const link = page.url();
  expect(link).toContain("evidence=");
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "hidden" });
  await page.goto(link);
  await drawer.getByText("Security logs").waitFor();
});

test("unsuspicious case is cleared without a review", async () => {
  const customer = await customerWith(stack, "travel");
  const caseId = await openCase(stack, customer, "medium");
  const page = await open();
  await page.goto(`${stack.url}/cases/${caseId}`);
  const decision = page.getByRole("region", { name: "Decision" });
  await decision.getByText("Cleared automatically").waitFor({ timeout: WORK_MS });
  await decision.getByText("No person was asked").waitFor();
  await expect.poll(() => button(page, /^Approve/).count()).toBe(0);
  expect(await accountStatus(customer.customer_id)).toBe("active");
  await page.getByRole("link", { name: "Back to the desk" }).click();
  const row = page.getByRole("row", { name: `Customer ${customer.customer_id}` });
  await row.getByText("Cleared automatically").waitFor();
});

test("decision shows in another tab at once", async () => {
  const customer = await customerWith(stack, "account_takeover", 2);
  const caseId = await openCase(stack, customer);
  const [ana, ben] = [await open("ana"), await open("ben")];
  for (const page of [ana, ben]) {
    await page.goto(`${stack.url}/cases/${caseId}`);
    await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
  }
  await approve(ana, "Lock account");
  await ben.getByText(/approved this case while you were reading/).waitFor({ timeout: WORK_MS });
  await expect.poll(() => button(ben, /^Approve/).count()).toBe(0);
  await ben
    .getByRole("region", { name: "Timeline" })
    .getByText("Closed: account locked")
    .waitFor({ timeout: WORK_MS });
});

test("second of two decisions is refused and recovers", async () => {
  const customer = await customerWith(stack, "account_takeover", 3);
  // Where nothing was assessed, one person may clear: the other would lock the account.
  await setModel(stack, { fault: "refusal" });
  const caseId = await openCase(stack, customer);
  const [ana, ben] = [await open("ana"), await open("ben")];
  // Ben's tab hears nothing, as behind a proxy that is down: it still shows the open question.
  await ben.route("**/api/events/stream*", (route) => route.abort());
  for (const page of [ana, ben]) {
    await page.goto(`${stack.url}/cases/${caseId}`);
    await button(page, "Choose an action").waitFor({ timeout: WORK_MS });
  }
  await ben.getByText("Reconnecting…").waitFor();
  // Should it ask again meanwhile, it gets the answer of before.
  const path = `**/api/cases/${caseId}`;
  const before = await ben.request.get(`${stack.url}/api/cases/${caseId}`);
  const body = await before.text();
  await ben.route(path, (route) => route.fulfill({ contentType: "application/json", body }));
  await approve(ana, "Clear");
  await region(ana, "Decision").getByText("Cleared", { exact: true }).waitFor({ timeout: WORK_MS });
  await approve(ben, "Lock account");
  const refusal = ben.getByRole("alert").filter({ hasText: "Reload the case" });
  await refusal.waitFor();
  await expect
    .poll(() => refusal.locator("p").textContent())
    .toBe("This case is closed with the outcome 'cleared': nothing about it can be changed.");
  expect(await accountStatus(customer.customer_id)).toBe("active");
  await ben.unroute(path);
  await ben.unroute("**/api/events/stream*");
  await ben.getByText("Live", { exact: true }).waitFor({ timeout: WORK_MS });
  await refusal.getByRole("button", { name: "Reload the case" }).click();
  await region(ben, "Decision").getByText("Cleared", { exact: true }).waitFor();
});

test("draft survives another's decision and a new assessment", async () => {
  const customer = await customerWith(stack, "sim_swap", 1);
  const caseId = await openCase(stack, customer);
  const [ana, ben] = [await open("ana"), await open("ben")];
  for (const page of [ana, ben]) {
    await page.goto(`${stack.url}/cases/${caseId}`);
    await button(page, "Reject with feedback").click({ timeout: WORK_MS });
  }
  const words = ana.getByRole("textbox", { name: /looked at again/ });
  await words.fill("Ask the bank about the transfer.");
  await ben.getByRole("textbox", { name: /looked at again/ }).fill("Look at the devices.");
  await button(ben, "Reject and start round 2").click();

  await ana
    .getByRole("alert")
    .filter({ hasText: "it is in round 2 with another assessment" })
    .waitFor({ timeout: WORK_MS });
  await expect.poll(() => words.inputValue()).toBe("Ask the bank about the transfer.");
  await expect.poll(() => button(ana, "Reject and start round 3").isDisabled()).toBe(true);
  await button(ana, "Look at the new assessment").click();
  await expect.poll(() => words.inputValue()).toBe("Ask the bank about the transfer.");
  await expect.poll(() => button(ana, "Reject and start round 3").isEnabled()).toBe(true);
});

test("lock and refund needs two different approvers", async () => {
  const customer = await customerWith(stack, "stolen_card", 1);
  const caseId = await openCase(stack, customer);
  const [ana, ben] = [await open("ana"), await open("ben")];
  for (const page of [ana, ben]) {
    await page.goto(`${stack.url}/cases/${caseId}`);
    await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
  }
  await approve(ana, "Lock and refund");
  await ana.getByText("You cannot approve what you proposed yourself").waitFor();
  await expect.poll(() => button(ana, /^Approve/).count()).toBe(0);
  expect(await accountStatus(customer.customer_id)).toBe("active");

  await ben.getByText("Second approval missing").waitFor();
  await button(ben, "Approve as second: lock and refund…").click();
  await ben.getByRole("dialog").getByRole("button", { name: "Lock and refund" }).click();
  for (const page of [ana, ben]) {
    await page
      .getByRole("region", { name: "Decision" })
      .getByText("Locked and refunded")
      .waitFor({ timeout: WORK_MS });
  }
  await ben
    .getByRole("region", { name: "Decision" })
    .getByText(/Decided by Ana and Ben/)
    .waitFor();
  expect(await accountStatus(customer.customer_id)).toBe("locked");
});

test("case is opened by hand", async () => {
  const customer = await customerWith(stack, "sim_swap");
  const page = await open();
  await page.goto(`${stack.url}/start`);
  await button(page, "Open the case").click();
  await page.getByText("Say what you saw.").waitFor();
  await page.getByLabel("Customer").fill(String(customer.customer_id));
  await page
    .getByLabel("What did you see?")
    .fill("The caller could not say the PIN and asked for a new SIM.");
  await button(page, "Open the case").click();
  await page.waitForURL("**/cases/case-manual-*");
  await page.getByRole("heading", { level: 1, name: /Suspicious activity/ }).waitFor();
  await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
});
