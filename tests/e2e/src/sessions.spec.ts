import type { Page } from "playwright-core";
import { describe, expect, inject, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { type ColorScheme, useBrowser } from "./browser";
import { button, WORK_MS } from "./page-actions";
import { bearerOf } from "./personas";

const { open } = useBrowser();
const { url } = inject("stack");

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function showSessions(page: Page): Promise<void> {
  await page.goto(url);
  await page.getByTitle(/^Maria, /).click();
  await page.getByRole("menuitem", { name: "Your sessions" }).click();
  await page.getByText("This one").waitFor();
}

test("session ended from another browser asks there for a name", async () => {
  const other = await open("maria");
  await other.goto(url);
  await other.getByText("Live", { exact: true }).waitFor({ timeout: WORK_MS });
  const page = await open("maria");
  await showSessions(page);
  const ends = button(page, /^End the session of Maria/);
  await expect.poll(() => ends.count()).toBeGreaterThan(0);
  while ((await ends.count()) > 0) {
    const before = await ends.count();
    await ends.first().press("Enter");
    await expect.poll(() => ends.count()).toBeLessThan(before);
  }
  await other.getByText("You are signed out").waitFor({ timeout: WORK_MS });
  await page.reload();
  await page.getByText("This one").waitFor();
});

test("admin reads who was refused, and others do not", async () => {
  await fetch(`${url}/api/security-log`, { headers: await bearerOf(inject("stack"), "vera") });
  const analyst = await open("ana");
  await analyst.goto(`${url}/security`);
  await analyst.getByText("Only admins read the security log").waitFor();
  const page = await open("alex");
  await page.goto(url);
  await page.getByRole("link", { name: "Security" }).press("Enter");
  const line = page.getByRole("listitem").filter({ hasText: "GET /api/security-log · not-allowed" }).first();
  await expect
    .poll(async () => {
      await page.reload();
      await page.getByRole("list", { name: "Security events, newest first" }).waitFor();
      return line.count();
    })
    .toBe(1);
  await line.getByText("Refused").waitFor();
});

test("page says what a sign-in is worth here", async () => {
  const page = await open("ana");
  await page.goto(url);
  await page.getByText("two approvals are not two people").waitFor();
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("sessions and security log have no grave accessibility faults", async () => {
    const page = await open("alex", scheme);
    for (const [path, shown] of [
      ["/sessions", "This one"],
      ["/security", "signed in"],
    ] as const) {
      await page.goto(`${url}${path}`);
      await page.getByText(shown).first().waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
    }
  });
});

test.each([320, 720, 1200, 1280])("sessions and security log do not overflow at %i pixels", async (width) => {
  const page = await open("alex");
  await page.setViewportSize({ width, height: 800 });
  for (const [path, shown] of [
    ["/sessions", "This one"],
    ["/security", "signed in"],
  ] as const) {
    await page.goto(`${url}${path}`);
    await page.getByText(shown).first().waitFor();
    await expect.poll(() => overflow(page)).toBe(0);
  }
});
