import { afterAll, beforeAll, expect, test } from "vitest";
import { openCase } from "./api";
import { useBrowser } from "./browser";
import { callTool } from "./mcp";
import { approve, button, region, WORK_MS } from "./page-actions";
import { customerWith, type Stack, startStack } from "./stack";

/** Long enough to take a decision back on a machine that is several times slower. */
const HOLD_S = 30;
/** What `approve` says of an action that is not the recommended one. */
const REASON = "The customer was asked.";

let stack: Stack;
const { open } = useBrowser();

beforeAll(async () => {
  stack = await startStack(["--no-simulator"], {
    QUALITY_CHECK_SHARE: "0",
    DECISION_HOLD_SECONDS: String(HOLD_S),
  });
});
afterAll(async () => {
  await stack.stop();
});

const accountStatus = async (customer_id: number) =>
  (await callTool(stack, "get_customer", { customer_id })).status;

async function caseToDecide(index: number) {
  const customer = await customerWith(stack, "stolen_card", index);
  const caseId = await openCase(stack, customer);
  const page = await open("ana", "light", stack);
  await page.goto(`${stack.url}/cases/${caseId}`);
  await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
  return { caseId, customer, page };
}

test("approval is taken back by keyboard and keeps its words", async () => {
  const { customer, page } = await caseToDecide(0);
  const ben = await open("ben", "light", stack);
  await ben.goto(`${stack.url}/?customer_id=${customer.customer_id}`);
  await approve(page, "Lock account");

  const decision = region(page, "Decision");
  await decision.getByRole("timer").waitFor();
  await ben.getByRole("row").getByText("On hold").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");

  const comment = page.getByRole("textbox", { name: /Comment/ });
  await comment.waitFor();
  await expect.poll(() => comment.inputValue()).toBe(REASON);
  await button(page, /^Approve: lock account/).waitFor();
  await ben.getByRole("row").getByText("Awaiting review").waitFor();
  await page.getByText("Decision taken back: lock account").waitFor();
  expect(await accountStatus(customer.customer_id)).toBe("active");
  await page.reload();
  await button(page, /^Approve: lock account/).waitFor();
  await expect.poll(() => comment.inputValue()).toBe(REASON);
});

test("closed tab neither loses nor hastens an approval", async () => {
  const { caseId, customer, page } = await caseToDecide(1);
  await approve(page, "Lock account");
  await region(page, "Decision").getByRole("timer").waitFor();
  await page.close();
  expect(await accountStatus(customer.customer_id)).toBe("active");

  const later = await open("ana", "light", stack);
  await later.goto(`${stack.url}/cases/${caseId}`);
  await region(later, "Decision")
    .getByText("Account locked")
    .waitFor({ timeout: HOLD_S * 1_000 + WORK_MS });
  expect(await accountStatus(customer.customer_id)).toBe("locked");
});
