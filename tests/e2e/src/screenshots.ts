import { mkdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { launchBrowser } from "./browser";
import { signIn } from "./personas";
import { startStack } from "./stack";

const IMAGES = resolve(import.meta.dirname, "../../../docs/images");
const LARGEST_BYTES = 300_000;

interface CasePage {
  items: { case_id: string; alert_type: string; state: string }[];
}

async function keep(page: Page, name: string): Promise<void> {
  const path = `${IMAGES}/${name}.png`;
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path });
  expect((await stat(path)).size).toBeLessThan(LARGEST_BYTES);
}

/** Takes the pictures of the documentation from the running product: `npm run screenshot --workspace tests/e2e`. */
test("pictures of the queue and of a case", async () => {
  const stack = await startStack([], { EVENT_INTERVAL_SECONDS: "0.05", QUALITY_CHECK_SHARE: "0" });
  const browser = await launchBrowser();
  try {
    await mkdir(IMAGES, { recursive: true });
    const page = await browser.newPage({ viewport: { width: 1280, height: 1040 }, colorScheme: "light" });
    await signIn(stack, page.context(), "ana");
    await page.goto(stack.url);
    await page
      .getByRole("row", { name: /Impossible travel.*Awaiting review/ })
      .first()
      .waitFor({ timeout: 80_000 });
    const answer = await page.request.get(`${stack.url}/api/cases?state=awaiting_review&limit=100`);
    const { items } = (await answer.json()) as CasePage;
    const found = items.find(({ alert_type }) => alert_type === "impossible_travel");
    expect(found).toBeDefined();
    await page.goto(`${stack.url}/cases/${found?.case_id ?? ""}`);
    await page.getByRole("button", { name: "Claim" }).click();
    await page.getByText("You work on this case.").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("Chain intact").waitFor();
    await keep(page, "case");
    await page.getByRole("link", { name: "Back to the desk" }).click();
    await page.getByRole("link", { name: /^To decide/ }).click();
    await page.setViewportSize({ width: 1280, height: 760 });
    await page.getByText("You", { exact: true }).first().waitFor();
    await page
      .getByRole("row", { name: /Awaiting review/ })
      .nth(7)
      .waitFor({ timeout: 30_000 });
    await keep(page, "desk");
  } finally {
    await browser.close();
    await stack.stop();
  }
});
