import { afterAll, beforeAll, expect, test } from "vitest";
import { openCase } from "./api";
import { useBrowser } from "./browser";
import { button, WORK_MS } from "./page-actions";
import { bearerOf } from "./personas";
import { customerWith, type Stack, startStack } from "./stack";

let stack: Stack;
const { open } = useBrowser();

// What other tests open would be handed out as well.
beforeAll(async () => {
  stack = await startStack(["--no-simulator"], { QUALITY_CHECK_SHARE: "0" });
});
afterAll(async () => {
  await stack.stop();
});

async function claimsOf(persona: "alex"): Promise<number> {
  const answer = await fetch(`${stack.url}/api/cases/counts`, { headers: await bearerOf(stack, persona) });
  return ((await answer.json()) as { mine: number }).mine;
}

test("twenty next cases hold one claim at a time", async () => {
  for (const index of [0, 1, 2]) await openCase(stack, await customerWith(stack, "stolen_card", index));
  const page = await open("alex", "light", stack);
  await page.goto(`${stack.url}/?state=["awaiting_review"]&assignee=none`);
  await page
    .getByRole("row", { name: /Customer/ })
    .nth(2)
    .waitFor({ timeout: WORK_MS });
  const seen = new Set<string>();
  for (let press = 0; press < 20; press++) {
    const before = page.url();
    await page.keyboard.press("n");
    await page.waitForURL((url) => url.href !== before);
    await page.getByText("You work on this case.").waitFor();
    seen.add(page.url());
    expect(await claimsOf("alex")).toBe(1);
  }
  expect(seen.size).toBeGreaterThanOrEqual(3);
  await button(page, "Release").click();
  await page.getByText("Nobody works on this case.").waitFor();
});
