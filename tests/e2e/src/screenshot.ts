import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { expect, test } from "vitest";
import { launchBrowser } from "./browser";
import { startStack } from "./stack";

const IMAGE = resolve(import.meta.dirname, "../../../docs/images/case.png");
const LARGEST_BYTES = 300_000;

interface CasePage {
  items: { case_id: string; alert_type: string; state: string }[];
}

/** Takes the README's picture from the running product: `npm run screenshot --workspace tests/e2e`. */
test("the case page of a detected case", async () => {
  const stack = await startStack([], { EVENT_INTERVAL_SECONDS: "0.05", QUALITY_CHECK_SHARE: "0" });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1040 }, colorScheme: "light" });
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
    await page.getByRole("button", { name: /^Approve/ }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.evaluate("document.fonts.ready");
    await mkdir(dirname(IMAGE), { recursive: true });
    await page.screenshot({ path: IMAGE });
    expect((await stat(IMAGE)).size).toBeLessThan(LARGEST_BYTES);
  } finally {
    await browser.close();
    await stack.stop();
  }
});
