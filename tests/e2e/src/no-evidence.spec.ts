import { afterEach, expect, inject, test } from "vitest";
import { openCase, setModel } from "./api";
import { useBrowser } from "./browser";
import { approve, button, region, WORK_MS } from "./page-actions";
import { callTool } from "./mcp";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

afterEach(() => setModel(stack, {}));

test("case without evidence recommends and preselects nothing", async () => {
  const customer = await customerWith(stack, "new_device", 3);
  await setModel(stack, { fault: "refusal" });
  const caseId = await openCase(stack, customer);
  const page = await open("ana");
  await page.goto(`${stack.url}/cases/${caseId}`);
  await button(page, "Choose an action").waitFor({ timeout: WORK_MS });

  const assessment = region(page, "Assessment");
  await assessment.getByText("Not assessed", { exact: true }).waitFor();
  await assessment.getByText("What was not available").waitFor();
  await assessment.getByText(/usage, location and billing specialists were unavailable/).waitFor();
  const decision = region(page, "Decision");
  await decision.getByText("there is no evidence to go by, and nothing is proposed").waitFor();
  for (const part of [assessment, decision]) {
    await expect.poll(() => part.getByText(/(low|medium|high|critical) risk/i).count()).toBe(0);
    expect(
      await part.getByText("Recommended", { exact: true }).and(page.locator("[data-tone]")).count(),
    ).toBe(0);
  }
  for (const radio of await page.getByRole("radio").all())
    await expect.poll(() => radio.isChecked()).toBe(false);
  await expect.poll(() => button(page, "Choose an action").isDisabled()).toBe(true);

  // In the list it is neither rated nor marked for four eyes, and bulk requests refuse it.
  await page.goto(`${stack.url}/?customer_id=${customer.customer_id}`);
  const row = page.getByRole("row", { name: `Customer ${customer.customer_id}` });
  await row.getByText("Awaiting review").waitFor();
  await expect.poll(() => row.getByText("needs two approvals").count()).toBe(0);
  await row.getByRole("checkbox").check();
  await button(page, "Close as false positive…").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("There was no evidence to judge it by").waitFor();
  await expect.poll(() => button(page, "Close 0 cases").isDisabled()).toBe(true);

  // The decision needs no reason: there is nothing to overrule.
  await page.goto(`${stack.url}/cases/${caseId}`);
  await approve(page, "Lock account");
  await region(page, "Decision").getByText("Account locked", { exact: true }).waitFor({ timeout: WORK_MS });
  expect((await callTool(stack, "get_customer", { customer_id: customer.customer_id })).status).toBe(
    "locked",
  );
});
