import { expect, inject, test } from "vitest";
import { useBrowser } from "./browser";

const stack = inject("stack");
const { open } = useBrowser();

test("API documentation is self-contained and its calls work", async () => {
  const page = await open();
  const complaints: string[] = [];
  const requested = new Set<string>();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requested.add(new URL(request.url()).origin);
  });

  await page.goto(`${stack.url}/docs`);
  // Of so many operations the page draws those that are in sight.
  const operation = page.getByRole("button", { name: "Is the process alive?" });
  const scrollTo = async () => {
    await page.mouse.wheel(0, 400);
    return operation.isVisible();
  };
  await expect.poll(scrollTo, { timeout: 60_000 }).toBe(true);
  await operation.click();
  await page.getByRole("button", { name: "Try it out" }).click();
  await page.getByRole("button", { name: "Execute" }).click();

  const answer = page.locator(".live-responses-table");
  await answer.getByText('"status"').waitFor();
  await expect.poll(() => answer.locator(".response .response-col_status").innerText()).toContain("200");
  expect([...requested]).toEqual([new URL(stack.url).origin]);
  expect(complaints).toEqual([]);
});
