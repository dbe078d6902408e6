import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { type ColorScheme, useBrowser } from "./browser";
import { button, WORK_MS } from "./page-actions";
import { type Stack, startStack } from "./stack";

const { open } = useBrowser();
let stack: Stack;
let folder: string;

const event = (number: number, changes: object): string =>
  JSON.stringify({
    event_id: `e-${number}`,
    customer_id: 7,
    occurred_at: "2026-03-02T12:00:00Z",
    kind: "transaction",
    attributes: { amount: "10.00", currency: "EUR" },
    ...changes,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "casewright-dead-letters-"));
  const lines = [
    event(1, {}),
    event(2, { occurred_at: "2026-03-02T12:00:00" }),
    event(3, { attributes: { amount: "1,234.50", currency: "EUR" } }),
    event(4, { occurred_at: "2099-01-01T00:00:00Z" }),
    "<script>alert(1)</script>",
  ];
  await writeFile(join(folder, "bad.jsonl"), `${lines.join("\n")}\n`);
  stack = await startStack(["--no-simulator", "--replay", join(folder, "bad.jsonl")]);
});

afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

async function show(page: Page): Promise<void> {
  await page.goto(`${stack.url}/dead-letters`);
  await page.getByText("bad.jsonl, line 5").first().waitFor({ timeout: WORK_MS });
}

const letters = (page: Page) =>
  page.getByRole("list", { name: "Telemetry that was not evaluated, newest first" }).getByRole("listitem");

test("what was not evaluated is named with line and reason", async () => {
  const page = await open("maria", "light", stack);
  await show(page);
  const all = letters(page);
  await expect.poll(() => all.count()).toBe(4);
  const line = (number: number) => all.filter({ hasText: `bad.jsonl, line ${number}` });
  await line(2)
    .getByText(/names no zone; write UTC with a Z/)
    .waitFor();
  await line(3)
    .getByText(/'1,234.50' is not read; write digits with a point/)
    .waitFor();
  await line(4).getByText("From the future").waitFor();
  await line(5)
    .getByText(/Invalid JSON/)
    .waitFor();
  await line(5)
    .getByText(/ bytes$/)
    .click();
  await line(5).getByText("<script>alert(1)</script>").waitFor();
});

test("one kind is chosen, tried again and dropped, by keyboard", async () => {
  const page = await open("maria", "light", stack);
  await show(page);
  await button(page, "Show From the future of replay of bad.jsonl").press("Enter");
  const future = letters(page);
  await future.filter({ hasText: "bad.jsonl, line 5" }).waitFor({ state: "hidden" });
  await expect.poll(() => future.count()).toBe(1);
  await button(page, "Try again: bad.jsonl, line 4").press("Enter");
  await future.getByText("Failed again").waitFor({ timeout: WORK_MS });
  await button(page, "Drop bad.jsonl, line 4").press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Why?" }).fill("The sender's clock was wrong.");
  await dialog.getByRole("button", { name: "Drop", exact: true }).press("Enter");
  await page.getByText("Nothing is kept here").waitFor();
});

test("analyst sees no telemetry of customers", async () => {
  const page = await open("ana", "light", stack);
  await page.goto(stack.url);
  await page.getByRole("link", { name: "Rules", exact: true }).waitFor();
  await expect.poll(() => page.getByRole("link", { name: "Dead letters" }).count()).toBe(0);
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("dead letters have no grave accessibility faults", async () => {
    const page = await open("maria", scheme, stack);
    await show(page);
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});
