import { expect, inject, test } from "vitest";
import { openCase } from "./api";
import { useBrowser } from "./browser";
import { button, WORK_MS } from "./gestures";
import { bearerOf } from "./people";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

async function claimsOf(persona: "alex"): Promise<number> {
  const answer = await fetch(`${stack.url}/api/cases/counts`, { headers: await bearerOf(stack, persona) });
  return ((await answer.json()) as { mine: number }).mine;
}

test("twenty presses of n hold one claim and lead through the queue", async () => {
  for (const index of [0, 1, 2]) await openCase(stack, await customerWith(stack, "stolen_card", index));
  const page = await open("alex");
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
