import { expect, inject, test } from "vitest";
import { openCase } from "./api";
import { useBrowser } from "./browser";
import { approve, button, region, reject, WORK_MS } from "./page-actions";
import { callTool } from "./mcp";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

const accountStatus = async (customer_id: number) =>
  (await callTool(stack, "get_customer", { customer_id })).status;

test("lock is reversed on request once a manager approves", async () => {
  const { customer_id, ...customer } = await customerWith(stack, "stolen_card", 3);
  const caseId = await openCase(stack, { customer_id, ...customer });
  const [ana, maria] = [await open("ana"), await open("maria")];
  for (const page of [ana, maria]) {
    await page.goto(`${stack.url}/cases/${caseId}`);
    await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
  }
  await approve(ana, "Lock account");
  await region(ana, "Decision").getByText("Account locked").waitFor({ timeout: WORK_MS });
  expect(await accountStatus(customer_id)).toBe("locked");

  await button(ana, "Request reversal…").click();
  const dialog = ana.getByRole("dialog");
  await dialog.getByText("Unlock the account?").waitFor();
  await dialog.getByRole("textbox", { name: "Why?" }).fill("The customer came by with a passport.");
  await dialog.getByRole("button", { name: "Request" }).click();
  await region(ana, "Effects")
    .getByText("You requested it: a manager other than you must approve.")
    .waitFor();
  expect(await accountStatus(customer_id)).toBe("locked");

  await region(maria, "Effects")
    .getByText(/Requested by Ana.*passport/)
    .waitFor();
  await button(maria, "Approve: unlock account").click();
  for (const page of [ana, maria]) {
    await region(page, "Effects").getByText("Maria approved it").waitFor({ timeout: WORK_MS });
    await region(page, "Effects").getByText("Done", { exact: true }).nth(1).waitFor({ timeout: WORK_MS });
  }
  expect(await accountStatus(customer_id)).toBe("active");

  // What the case says of itself is what holds, everywhere and after a reload.
  const reversed = "Account locked, then lock reversed";
  await ana.reload();
  for (const page of [ana, maria]) {
    await page.getByRole("status").filter({ hasText: reversed }).waitFor();
    await expect.poll(() => page.getByText("Account locked", { exact: true }).count()).toBe(0);
  }
  await region(ana, "Decision").getByText(reversed).waitFor();
  await ana.goto(`${stack.url}/?customer_id=${customer_id}`);
  await ana
    .getByRole("row", { name: `Customer ${customer_id}` })
    .getByText(reversed)
    .waitFor();
});

test("refund that another case made meanwhile reopens the review", async () => {
  const customer = await customerWith(stack, "stolen_card", 3);
  const first = await openCase(stack, customer, "low");
  const second = await openCase(stack, customer, "medium");
  expect(second).not.toBe(first);
  const [ana, ben] = [await open("ana"), await open("ben")];
  for (const page of [ana, ben]) {
    for (const caseId of [first, second]) {
      await page.goto(`${stack.url}/cases/${caseId}`);
      await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
    }
  }
  for (const caseId of [first, second]) {
    await ana.goto(`${stack.url}/cases/${caseId}`);
    await approve(ana, "Lock and refund");
    await ana.getByText("You cannot approve what you proposed yourself").waitFor();
  }
  for (const caseId of [first, second]) {
    await ben.goto(`${stack.url}/cases/${caseId}`);
    await button(ben, "Approve as second: lock and refund…").click();
    await ben.getByRole("dialog").getByRole("button", { name: "Lock and refund" }).click();
    if (caseId === second) break;
    await region(ben, "Decision").getByText("Locked and refunded").waitFor({ timeout: WORK_MS });
  }
  const notice = region(ben, "The facts changed");
  await notice
    .getByText(new RegExp(`it was refunded at .* by ${first}, approved by ben`))
    .first()
    .waitFor({ timeout: WORK_MS });
  await expect.poll(() => region(ben, "Effects").count()).toBe(0);

  // What is left of it is so already: this approval keeps it so as well.
  await approve(ben, "Lock account");
  await region(ben, "Effects").getByText("Already so").waitFor({ timeout: WORK_MS });
  await region(ben, "Effects")
    .getByText(new RegExp(`locked already, by ${first} \\(approved by Ben, .*\\)`))
    .waitFor();
  expect(await accountStatus(customer.customer_id)).toBe("locked");
});

test("last rejection escalates to a manager who closes it", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "subscription_abuse", 2));
  const [ana, maria] = [await open("ana"), await open("maria")];
  await ana.goto(`${stack.url}/cases/${caseId}`);
  for (const [time, submit] of [
    "Reject and start round 2",
    "Reject and start round 3",
    "Reject and escalate",
  ].entries()) {
    await reject(ana, `Look at the invoices, time ${time + 1}.`, submit);
  }
  await ana.getByText("Only a manager can decide this case: it was escalated.").waitFor({ timeout: WORK_MS });
  await region(ana, "Decision").getByText("The analysts rejected every assessment").waitFor();
  await expect.poll(() => button(ana, /^Approve/).count()).toBe(0);

  await maria.goto(`${stack.url}/cases/${caseId}`);
  await reject(maria, "Nobody can say any more.", "Reject and close");
  await ana.getByText("Maria rejected this case while you were reading.").waitFor({ timeout: WORK_MS });
  await button(ana, "Show it as it is now").click();
  for (const page of [ana, maria]) {
    await region(page, "Decision")
      .getByText("Unresolved", { exact: true })
      .first()
      .waitFor({ timeout: WORK_MS });
  }
});
