import type { Page } from "playwright-core";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { claimCase, openCase } from "./api";
import { useBrowser } from "./browser";
import { button, region, WORK_MS } from "./page-actions";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();
let caseId: string;
let customerId: number;

beforeAll(async () => {
  const customer = await customerWith(stack, "new_device", 1);
  customerId = customer.customer_id;
  caseId = await openCase(stack, customer);
});

/** Elements that overflow the page to the right; a drawing keeps its size on a phone, and scrolls within its figure. */
const overflowing = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const past = [...document.querySelectorAll("body *")].filter((each) => {
      const { right, width: own } = each.getBoundingClientRect();
      const scrolls = each.matches("figure [tabindex] *");
      return own > 0 && right > width + 1 && !scrolls;
    });
    const named = past.map((each) => `${each.tagName} ${each.textContent.slice(0, 40)}`);
    const scrolled = document.documentElement.scrollWidth;
    return scrolled > width ? [...named, `the page is ${scrolled} wide, of ${width}`] : named;
  });

// A small phone, a phone, 200 % of 1280 and of 1440, and the last width before a case has two columns.
describe.each([320, 390, 640, 720, 1000])("at %i pixels", (width) => {
  async function openAt(persona: "ana" | null, path: string): Promise<Page> {
    const page = await open(persona);
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${stack.url}${path}`);
    return page;
  }

  test("queue shows every case with state and deadline", async () => {
    const page = await openAt("ana", `/?customer_id=${customerId}`);
    const row = page.getByRole("row", { name: `Customer ${customerId}` });
    await row.getByText("Awaiting review").waitFor({ timeout: WORK_MS });
    for (const words of ["Impossible travel", "A login from", "Awaiting review", / h .* min/]) {
      const box = await row.getByText(words).first().boundingBox();
      expect(box?.width, String(words)).toBeGreaterThan(40);
    }
    await expect.poll(() => overflowing(page)).toEqual([]);
    await page.getByRole("checkbox", { name: "Select every case of this page" }).check();
    await button(page, "Close as false positive…").waitFor();
    await expect.poll(() => overflowing(page)).toEqual([]);
  });

  test("case shows the decision first, nothing overflows", async () => {
    const page = await openAt("ana", `/cases/${caseId}`);
    await button(page, /^Approve/).waitFor({ timeout: WORK_MS });
    await expect.poll(() => overflowing(page)).toEqual([]);
    const top = async (name: string) => (await region(page, name).boundingBox())?.y ?? NaN;
    const [assessment, decision, specialists, timeline] = [
      await top("Assessment"),
      await top("Decision"),
      await top("Specialists"),
      await top("Timeline"),
    ];
    expect(assessment).toBeLessThan(decision);
    expect(decision).toBeLessThan(specialists);
    expect(specialists).toBeLessThan(timeline);
    await button(page, /^Approve/).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel", exact: true }).waitFor();
    await expect.poll(() => overflowing(page)).toEqual([]);
  });

  test.each([
    ["the form to open a case", "ana", "/start"],
    ["a conversation", "ana", "/chat?user=bob"],
    ["the tasks", "ana", "/tasks"],
    ["the page to sign in", null, "/"],
    ["a page that does not exist", "ana", "/nowhere"],
  ] as const)("%s fits", async (_, persona, path) => {
    const page = await openAt(persona, path);
    await page.getByRole("heading").first().waitFor();
    await expect.poll(() => overflowing(page)).toEqual([]);
  });
});

test.each([320, 390, 640, 720, 1000])("figures fit a page of %i pixels", async (width) => {
  const said = { user_id: "wide", text: "Hello" };
  await fetch(`${stack.url}/api/chat`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(said),
  });
  const page = await open("ana");
  await page.setViewportSize({ width, height: 800 });
  await page.goto(`${stack.url}/analytics`);
  await page.getByRole("link", { name: "wide" }).waitFor({ timeout: WORK_MS });
  await expect.poll(() => overflowing(page)).toEqual([]);
});

test("phone shows the assignee of a case", async () => {
  const customer = await customerWith(stack, "new_device", 2);
  const id = await openCase(stack, customer);
  await claimCase(stack, id, "ben");
  const page = await open("ana");
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto(`${stack.url}/?customer_id=${customer.customer_id}`);
  await page
    .getByRole("row", { name: `Customer ${customer.customer_id}` })
    .getByText("Ben")
    .waitFor();
});
