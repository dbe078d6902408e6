import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { openCase } from "./api";
import { useBrowser } from "./browser";
import { button } from "./page-actions";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

const POLICY = /content.security.policy|permissions.policy|refused to/i;

/** What the browser says about policies from now on. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (POLICY.test(message.text())) complaints.push(message.text());
  });
  return complaints;
}

test("pages and dialogs keep to the content policy", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "travel", 2), "low");
  const page = await open("alex");
  const complaints = complaintsOf(page);
  for (const path of ["/", "/rules", "/tasks", "/security", "/sessions", "/analytics", `/cases/${caseId}`]) {
    const answer = await page.goto(`${stack.url}${path}`);
    expect(answer?.headers()["content-security-policy"]).toMatch(/style-src 'self' 'nonce-[\w-]{20,}'/);
    await page.getByRole("main").getByRole("heading").first().waitFor();
  }
  await page.getByRole("textbox", { name: "New note" }).fill("A note");
  await page.context().clearCookies();
  await button(page, "Add note").dispatchEvent("click");
  await page.getByRole("dialog").waitFor();
  // Without its style, the page behind the dialog would scroll.
  await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).overflow)).toBe("hidden");
  expect(complaints).toEqual([]);
});

test("a style or script without the nonce does nothing", async () => {
  const page = await open();
  await page.goto(`${stack.url}/`);
  await page.getByRole("navigation", { name: "Views" }).waitFor();
  const complaints = complaintsOf(page);
  const color = await page.evaluate(() => {
    document.head.append(
      Object.assign(document.createElement("style"), { textContent: "body{color:red!important}" }),
    );
    document.head.append(
      Object.assign(document.createElement("script"), { textContent: "document.title='run'" }),
    );
    return getComputedStyle(document.body).color;
  });
  expect(color).not.toBe("rgb(255, 0, 0)");
  expect(await page.title()).not.toBe("run");
  await expect.poll(() => complaints.length).toBe(2);
});
