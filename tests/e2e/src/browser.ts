import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, inject } from "vitest";
import { WORK_MS } from "./page-actions";
import { type Persona, signIn } from "./personas";
import type { StackAddresses } from "./stack";

const FAILURES = resolve(import.meta.dirname, "../failures");
const SIZE = { width: 1280, height: 800 };
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export type ColorScheme = "light" | "dark";

export const launchBrowser = (flags: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
    headless: true,
    args: [...FLAGS, ...flags],
  });

interface OpenPage {
  page: Page;
  pageErrors: string[];
}

/**
 * A browser for the tests of one file. `open` gives a page in a fresh profile, signed in as somebody or as nobody. When
 * a test fails, a picture of each of its pages is kept in `failures/`.
 */
export function useBrowser() {
  let browser: Browser;
  let opened: OpenPage[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await saveFailurePictures(task.name, opened);
    await Promise.all(opened.map(({ page }) => page.context().close()));
    opened = [];
  });

  afterAll(async () => {
    await browser.close();
  });

  async function open(
    persona: Persona | null = "ana",
    colorScheme: ColorScheme = "light",
    stack: StackAddresses = inject("stack"),
  ): Promise<Page> {
    const context = await browser.newContext({ viewport: SIZE, colorScheme, reducedMotion: "reduce" });
    context.setDefaultTimeout(WORK_MS);
    if (persona !== null) await signIn(stack, context, persona);
    const page = await context.newPage();
    const pageErrors: string[] = [];
    page.on("pageerror", (error) => pageErrors.push(error.message));
    opened.push({ page, pageErrors });
    return page;
  }

  return { open };
}

async function saveFailurePictures(test: string, opened: readonly OpenPage[]): Promise<void> {
  await mkdir(FAILURES, { recursive: true });
  for (const [index, { page, pageErrors }] of opened.entries()) {
    const name = `${test} ${index + 1}`.replace(/[^a-z0-9]+/gi, "-");
    await page.screenshot({ path: `${FAILURES}/${name}.png`, fullPage: true });
    if (pageErrors.length > 0) console.error(`Errors of page ${index + 1}:`, pageErrors);
  }
}
