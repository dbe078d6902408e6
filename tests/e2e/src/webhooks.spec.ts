import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { accessibilityFaults } from "./accessibility";
import { type ColorScheme, useBrowser } from "./browser";
import { button, region, WORK_MS } from "./page-actions";
import { bearerOf } from "./personas";

const stack = inject("stack");
const { open } = useBrowser();

interface Received {
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

const received: Received[] = [];
let receiver: Server;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      received.push({
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      });
      response.writeHead(request.url === "/broken" ? 500 : 204).end();
    });
  });
  await new Promise<void>((ready) => receiver.listen(0, "127.0.0.1", ready));
});

afterAll(() => receiver.close());

const urlOf = (path: string) => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}${path}`;

async function makeTask(title: string): Promise<void> {
  const answer = await fetch(`${stack.url}/api/tasks`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(await bearerOf(stack, "ana")) },
    body: JSON.stringify({ title, assignee: "ana" }),
  });
  expect(answer.status).toBe(201);
}

async function subscribe(path: string): Promise<void> {
  const answer = await fetch(`${stack.url}/api/subscriptions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(await bearerOf(stack, "alex")) },
    body: JSON.stringify({ url: urlOf(path), events: ["TaskCreated"] }),
  });
  expect(answer.status).toBe(201);
}

/** As the receiver checks it: https://github.com/standard-webhooks/standard-webhooks */
function isSignedWith(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const signature = createHmac("sha256", key).update(signed).digest("base64");
  return String(headers["webhook-signature"]).split(" ").includes(`v1,${signature}`);
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("webhook is made, gets signed events, and is deleted, by keyboard", async () => {
  const page = await open("alex");
  await page.goto(stack.url);
  await page.getByRole("link", { name: "Webhooks" }).press("Enter");
  await button(page, "New webhook…").press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "URL" }).fill("https://10.0.0.1/events");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").getByText("'10.0.0.1' is a private address").waitFor();
  await dialog.getByRole("textbox", { name: "URL" }).fill(urlOf("/signed"));
  await page.keyboard.press("Enter");
  const secret = await dialog.getByRole("textbox", { name: "Secret" }).inputValue({ timeout: WORK_MS });
  await button(page, "I have it").press("Enter");

  const panel = region(page, urlOf("/signed"));
  await panel.getByText("Nothing yet").waitFor();
  await makeTask("Tell the warehouse");
  const posted = () => received.filter(({ path }) => path === "/signed");
  await vi.waitFor(
    () => {
      expect(posted()).toHaveLength(1);
    },
    { timeout: WORK_MS, interval: 50 },
  );
  const [first] = posted();
  if (first === undefined) throw new Error("nothing was posted");
  expect(isSignedWith(secret, first)).toBe(true);
  expect(JSON.parse(first.body)).toMatchObject({ specversion: "1.0", type: "casewright.TaskCreated" });
  await panel.getByText("Nothing yet").waitFor({ state: "detached" });

  await panel.getByRole("button", { name: "Pause" }).press("Enter");
  await panel.getByText("Paused", { exact: true }).waitFor();
  await panel.getByRole("button", { name: "Delete…" }).press("Enter");
  await dialog.getByRole("button", { name: "Delete" }).press("Enter");
  await panel.waitFor({ state: "detached" });
});

test("analyst is not led to webhooks and sees none", async () => {
  const page = await open("ana");
  await page.goto(`${stack.url}/webhooks`);
  await page.getByText("Only admins see webhooks").waitFor();
  await expect.poll(() => page.getByRole("link", { name: "Webhooks" }).count()).toBe(0);
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  test("webhooks have no grave accessibility faults, dialogs included", async () => {
    await subscribe(`/${scheme}`);
    const page = await open("alex", scheme);
    await page.goto(`${stack.url}/webhooks`);
    const panel = region(page, urlOf(`/${scheme}`));
    await panel.waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    const dialog = page.getByRole("dialog");
    for (const [opens, shows] of [
      ["Change…", "Change the webhook"],
      ["Secrets…", "Secrets of the webhook"],
      ["Send again…", "Send events again"],
      ["Delete…", "Delete this webhook?"],
    ] as const) {
      await panel.getByRole("button", { name: opens }).click();
      await dialog.getByText(shows).waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
    }
    await panel.getByRole("button", { name: "Secrets…" }).click();
    await button(page, "Add a secret").click();
    await dialog.getByRole("textbox", { name: "Secret" }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

test.each([320, 390, 720])("nothing overflows at %i pixels", async (width) => {
  await subscribe(`/narrow/${"a-long-path/".repeat(12)}${width}`);
  await subscribe("/broken");
  await makeTask("Goes to a receiver that is broken");
  const page = await open("alex");
  await page.setViewportSize({ width, height: 800 });
  await page.goto(`${stack.url}/webhooks`);
  await page
    .getByText("The receiver answered 500 (Internal Server Error).")
    .first()
    .waitFor({ timeout: WORK_MS });
  await expect.poll(() => overflow(page)).toBe(0);
  await button(page, "New webhook…").click();
  await page.getByRole("dialog").getByRole("textbox", { name: "URL" }).waitFor();
  await expect.poll(() => overflow(page)).toBe(0);
});
