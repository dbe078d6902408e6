import type { Page } from "playwright-core";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { type ColorScheme, useBrowser } from "./browser";
import { accessibilityFaults } from "./accessibility";
import { button, region, WORK_MS } from "./page-actions";
import { bearerOf } from "./personas";

const stack = inject("stack");
const { open } = useBrowser();

const JSON_BODY = { "Content-Type": "application/json" };

/** A request of the tutorial: without a session, and hanging until there is an answer. */
async function curl(path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${stack.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: JSON_BODY,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

/** At midnight in UTC all message counts become 0: between two lines of a test, too. */
async function orderReset(order: "pause" | "resume"): Promise<void> {
  const headers = await bearerOf(stack, "maria");
  const answer = await fetch(`${stack.url}/api/schedules/reset-counts/${order}`, { method: "POST", headers });
  expect(answer.ok).toBe(true);
}

/** Opens the reply that waits, as an analyst finds it: by its kind in the queue. */
async function openWaitingReply(page: Page, user: string): Promise<void> {
  await page.goto(`${stack.url}/?kind=reply&state=awaiting_review`);
  const row = page.getByRole("row", { name: new RegExp(user) }).first();
  await row.waitFor({ timeout: WORK_MS });
  await row.getByRole("link").first().click();
  await button(page, "Approve: send the reply").waitFor({ timeout: WORK_MS });
}

test("tutorial's urgent request hangs until it is approved in the browser", async () => {
  await orderReset("pause");
  const set = await curl("/analytics/bob/initialize", { message_count: 3 });
  expect(set).toEqual({ status: "success", user_id: "bob", message_count: 3 });
  const said = {
    user_id: "bob",
    text: "This is an urgent request!",
    metadata: { session_id: "s-1" },
    tags: ["greeting"],
  };
  const hanging = curl("/chat/", said);
  const page = await open("ana", "light");
  await openWaitingReply(page, "bob");
  const conversation = region(page, "Conversation");
  await conversation.getByText(said.text).waitFor();
  await conversation.getByText("Being checked…").waitFor();
  await button(page, "Approve: send the reply").click();
  const answer = await hanging;
  expect(answer.reply).toBe(
    "Hi Bob! You've sent 3 messages so far. No previous conversation. I understand your request is urgent—how can I assist you?",
  );
  expect(answer.metadata).toEqual(said.metadata);
  expect(await curl("/analytics/bob")).toEqual({ user_id: "bob", message_count: 4 });
  await orderReset("resume");
  await conversation.getByText("Approved by a person").waitFor({ timeout: WORK_MS });
});

test("edited reply is what the customer reads", async () => {
  const hanging = curl("/chat/", { user_id: "una", text: "Help!" });
  const page = await open("ana", "light");
  await openWaitingReply(page, "una");
  await button(page, "Edit and approve…").click();
  const editor = page.getByRole("textbox", { name: /Send this instead/ });
  await editor.fill("Call us at any time, Una.");
  await region(page, "Changes to the draft").getByRole("insertion").first().waitFor();
  await button(page, "Approve: send what I wrote").click();
  expect((await hanging).reply).toBe("Call us at any time, Una.");
});

test("message is written, checked and answered live by keyboard", async () => {
  const writing = await open("ana", "light");
  await writing.goto(`${stack.url}/chat`);
  await writing.getByRole("textbox", { name: "Write as" }).fill("kim");
  await writing.keyboard.press("Enter");
  const message = writing.getByRole("textbox", { name: /Message as kim/ });
  await message.fill("How many messages have I sent?");
  await message.press("Enter");
  const conversation = writing.getByRole("list", { name: "Conversation with kim" });
  await conversation.getByText("You have sent 0 messages so far.").waitFor({ timeout: WORK_MS });

  await message.fill("This is urgent!");
  await message.press("Enter");
  await conversation.getByText("Being checked…").waitFor({ timeout: WORK_MS });
  const deciding = await open("ben", "light");
  await openWaitingReply(deciding, "kim");
  await button(deciding, "Reject…").click();
  await deciding.getByRole("textbox", { name: /Why may it not be sent/ }).fill("It says nothing.");
  await button(deciding, "Reject the reply").click();
  await conversation.getByText("Message rejected by human reviewer.").waitFor({ timeout: WORK_MS });

  await writing.goto(`${stack.url}/analytics`);
  await writing.getByRole("row", { name: /^kim/ }).waitFor({ timeout: WORK_MS });
});

test("manager pauses the daily reset and resets by hand", async () => {
  await curl("/analytics/dora/initialize", { message_count: 5 });
  const page = await open("maria", "light");
  await page.goto(`${stack.url}/analytics`);
  const reset = region(page, "Daily reset of message counts");
  await reset.getByText("Active").waitFor({ timeout: WORK_MS });
  await button(page, "Pause").click();
  await reset.getByText("none while it is paused").waitFor();
  // Paused, so that no midnight comes after it.
  await button(page, "Reset the message counts…").click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await reset.getByText("All message counts are 0.").waitFor();
  await reset.getByText("by Maria, by hand").waitFor();
  expect(await curl("/analytics/dora")).toEqual({ user_id: "dora", message_count: 0 });
  await button(page, "Resume").click();
  await reset.getByText("Active").waitFor();
});

test("admin links a user, whose plan is told then", async () => {
  const page = await open("alex", "light");
  await page.goto(`${stack.url}/chat?user=lin`);
  const message = page.getByRole("textbox", { name: /Message as lin/ });
  await message.fill("Which plan do I have?");
  await message.press("Enter");
  const conversation = page.getByRole("list", { name: "Conversation with lin" });
  await conversation.getByText(/I do not know which customer you are/).waitFor({ timeout: WORK_MS });
  const about = region(page, "About this user");
  await about.getByRole("textbox", { name: /Link to a customer/ }).fill("1");
  await button(page, "Link").click();
  await about.getByText("by Alex").waitFor();
  await message.fill("And which plan now?");
  await message.press("Enter");
  await conversation.getByText(/^You have .* a month/).waitFor({ timeout: WORK_MS });
});

describe.each<ColorScheme>(["light", "dark"])("in %s mode", (scheme) => {
  beforeAll(async () => {
    await curl("/chat/", { user_id: "axe", text: "Hello" });
  });

  test("chat has no grave accessibility faults", async () => {
    const page = await open("alex", scheme);
    await page.goto(`${stack.url}/chat?user=axe`);
    await page
      .getByRole("list", { name: "Conversation with axe" })
      .getByText(/Hi Axe/)
      .first()
      .waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test("analytics has no grave accessibility faults", async () => {
    const page = await open("maria", scheme);
    await page.goto(`${stack.url}/analytics`);
    await page.getByRole("row", { name: /^axe/ }).waitFor({ timeout: WORK_MS });
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test("reply with its editor has no grave accessibility faults", async () => {
    const user = `held-${scheme}`;
    await fetch(`${stack.url}/api/chat?wait=0`, {
      method: "POST",
      headers: JSON_BODY,
      body: JSON.stringify({ user_id: user, text: "An emergency!" }),
    });
    const page = await open("ana", scheme);
    await openWaitingReply(page, user);
    expect(await accessibilityFaults(page)).toEqual([]);
    await button(page, "Edit and approve…").click();
    await page.getByRole("textbox", { name: /Send this instead/ }).fill("Another text");
    expect(await accessibilityFaults(page)).toEqual([]);
    // Nothing is left for others to decide.
    await button(page, "Approve: send what I wrote").click();
    await region(page, "Conversation").getByText("Another text").waitFor({ timeout: WORK_MS });
  });
});
