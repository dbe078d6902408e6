import { afterAll, beforeAll, expect, test } from "vitest";
import { execFileSync } from "node:child_process";
import { openCase } from "./api";
import { useBrowser } from "./browser";
import { button, WORK_MS } from "./page-actions";
import { customerWith, type Stack, startStack } from "./stack";

let stack: Stack;
const { open } = useBrowser();

beforeAll(async () => {
  stack = await startStack(["--no-simulator"], { QUALITY_CHECK_SHARE: "0" });
});
afterAll(async () => {
  await stack.stop();
});

/** Kills the process that listens at an address, as a crash would. */
function kill(url: string): void {
  const { port } = new URL(url);
  const found = execFileSync("ss", ["-Hltnp", `sport = :${port}`], { encoding: "utf8" });
  const pid = /pid=(\d+)/.exec(found)?.[1];
  if (pid === undefined) throw new Error(`Nothing listens on port ${port}.`);
  process.kill(Number(pid), "SIGKILL");
}

test("server outage loses neither tab nor drafts", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "sim_swap", 0));
  const page = await open("ana", "light", stack);
  await page.route("**/assets/StartPage-*", (route) => route.abort());
  await page.goto(`${stack.url}/cases/${caseId}`);
  await button(page, "Reject with feedback").click({ timeout: WORK_MS });
  await page.getByRole("textbox", { name: /looked at again/ }).fill("Check the ticket.");
  await page.getByRole("textbox", { name: "New note" }).fill("Half a note");

  kill(stack.url);
  await page.getByRole("link", { name: "Open a case" }).click();
  await page.unroute("**/assets/StartPage-*");
  await page.getByRole("heading", { name: "Open a case" }).waitFor({ timeout: WORK_MS });
  expect(page.url()).toBe(`${stack.url}/start`);

  await page.goBack();
  await page.reload();
  const feedback = page.getByRole("textbox", { name: /looked at again/ });
  await feedback.waitFor({ timeout: WORK_MS });
  await expect.poll(() => feedback.inputValue()).toBe("Check the ticket.");
  await expect.poll(() => page.getByRole("textbox", { name: "New note" }).inputValue()).toBe("Half a note");
});
