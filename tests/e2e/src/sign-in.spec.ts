import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { useBrowser } from "./browser";
import { button, WORK_MS } from "./page-actions";
import { type SignInProvider, startSignInProvider } from "./sign-in-provider";
import { type Stack, startStack } from "./stack";

let provider: SignInProvider;
let stack: Stack;
const { open } = useBrowser();

beforeAll(async () => {
  provider = await startSignInProvider({
    ada: { name: "Ada Lovelace", roles: ["analyst"] },
    guest: { name: "A Guest", roles: [] },
  });
  stack = await startStack(["--no-simulator"], (url) => ({
    AUTH_MODE: "oidc",
    PUBLIC_ORIGIN: url,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: "desk",
  }));
  await provider.knowDesk(stack.url);
});
afterAll(async () => {
  await stack.stop();
  provider.stop();
});

async function signIn(page: Page, person: string): Promise<void> {
  await page.getByRole("link", { name: "Sign in" }).click();
  await button(page, person).click();
}

test("person signs in at the provider and comes back", async () => {
  const page = await open(null, "light", stack);
  await page.goto(`${stack.url}/tasks`);
  await page.getByRole("heading", { name: "Who is at the desk?" }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await signIn(page, "ada");
  await page.getByTitle("Ada Lovelace, Analyst").waitFor({ timeout: WORK_MS });
  expect(page.url()).toBe(`${stack.url}/tasks`);
  await expect.poll(() => page.getByRole("note").count()).toBe(0);
});

test("session that ends is renewed beside the page and its drafts", async () => {
  const page = await open(null, "light", stack);
  await page.goto(`${stack.url}/start`);
  await signIn(page, "ada");
  const description = page.getByRole("textbox", { name: "What did you see?" });
  await description.fill("Half a description");
  await page.evaluate(() => fetch("/api/session", { method: "DELETE" }));
  const again = page.getByRole("link", { name: "Sign in again" });
  await again.waitFor({ timeout: WORK_MS });
  // The other tab goes to the provider, which knows the person, and comes back by itself.
  await again.click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(() => description.inputValue()).toBe("Half a description");
});

test("guest reads why they cannot come in", async () => {
  const page = await open(null, "dark", stack);
  await page.goto(stack.url);
  await signIn(page, "guest");
  await page.getByRole("heading", { name: "Sign-in did not work" }).waitFor();
  await page.getByText("You are signed in at the provider and have no role at this desk").waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  // The provider knows them; somebody else may sit here now.
  await page.getByRole("link", { name: "Sign in again" }).click();
  await button(page, "ada").click();
  await page.getByTitle("Ada Lovelace, Analyst").waitFor({ timeout: WORK_MS });
});

test("signing out ends at the provider, too", async () => {
  const page = await open(null, "light", stack);
  await page.goto(stack.url);
  await signIn(page, "ada");
  await page.getByTitle("Ada Lovelace, Analyst").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await button(page, "Sign out of the provider").click();
  await page.getByRole("heading", { name: "Who is at the desk?" }).waitFor();
  await page.getByRole("link", { name: "Sign in" }).click();
  // It knows nobody any more.
  await button(page, "ada").waitFor();
});
