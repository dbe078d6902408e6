import { beforeAll, describe, expect, inject, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { openCase } from "./api";
import { type ColorScheme, useBrowser } from "./browser";
import { button, region, WORK_MS } from "./page-actions";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

/** Writes to the assistant; returns what it answers. */
async function say(user_id: string, text: string): Promise<string> {
  const answer = await fetch(`${stack.url}/api/chat`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user_id, text, zone: "Europe/Berlin" }),
  });
  return ((await answer.json()) as { reply: string }).reply;
}

test("task of a conversation is completed on the desk", async () => {
  const reply = await say("ida", "Remind me to call the bank on Monday at 9");
  expect(reply).toContain("09:00");
  const page = await open("ana", "light");
  await page.goto(`${stack.url}/tasks?whose=all`);
  const line = page.getByRole("listitem").filter({ hasText: "call the bank" });
  await line.getByText("by talking to the assistant").waitFor({ timeout: WORK_MS });
  await line.getByRole("button", { name: /^Complete/ }).focus();
  await page.keyboard.press("Enter");
  await line.waitFor({ state: "detached" });
  await page.getByText("Done", { exact: true }).click();
  await page.getByRole("listitem").filter({ hasText: "call the bank" }).waitFor();
});

test("task of a case is made, changed, and kept from others' changes", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "data_resale", 3));
  const page = await open("ana", "light");
  // A stream that opens again would fetch the tasks: this tab is to be behind.
  await page.route("**/api/events/stream*", (route) => route.abort());
  await page.goto(`${stack.url}/cases/${caseId}`);
  const tasks = region(page, "Tasks");
  await tasks.getByText("Nothing is to be done").waitFor({ timeout: WORK_MS });
  await button(page, "New task…").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "What is to be done" }).fill("Ask for the receipt");
  await dialog.getByLabel("Due", { exact: true }).fill("2031-03-30T09:00");
  await dialog.getByRole("button", { name: "Make the task" }).click();
  await tasks.getByText(/Due 2031-03-30 09:00/).waitFor();

  const ben = await open("ben", "light");
  await ben.goto(`${stack.url}/cases/${caseId}`);
  await ben.getByRole("button", { name: "Change: Ask for the receipt" }).click();
  await ben.getByRole("dialog").getByRole("textbox", { name: "Notes" }).fill("By phone.");
  await ben.getByRole("dialog").getByRole("button", { name: "Change it" }).click();
  await region(ben, "Tasks").getByText("By phone.").waitFor();

  await button(page, "Complete: Ask for the receipt").click();
  await tasks.getByRole("alert").waitFor();
  await tasks.getByText("By phone.").waitFor();
  await button(page, "Complete: Ask for the receipt").click();
  await tasks.getByText("Done", { exact: true }).waitFor();
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  beforeAll(async () => {
    await say("axel", "Create a task to water the plants tomorrow");
  });

  test("tasks have no grave accessibility faults, form included", async () => {
    const page = await open("ana", scheme);
    await page.goto(`${stack.url}/tasks?whose=all`);
    await page.getByRole("listitem").filter({ hasText: "water the plants" }).first().waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await button(page, "New task…").click();
    await page.getByRole("dialog").getByRole("textbox", { name: "What is to be done" }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});
