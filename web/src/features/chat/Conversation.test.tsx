import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { chatUser, conversationTurn } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { Conversation } from "./Conversation";

const page = (items: unknown[], next: string | null = null) =>
  json({ user: chatUser(), items, next_cursor: next });

test("messages and replies stand in their order", async () => {
  serve(() => page([conversationTurn(1), conversationTurn(2, { reviewed: true })]));
  renderInApp(<Conversation userId="bob" />);
  const turns = await screen.findAllByRole("listitem");
  expect(turns.map(({ textContent }) => textContent)).toEqual([
    expect.stringContaining("Message 1"),
    expect.stringContaining("Message 2"),
  ]);
  expect(turns[1]).toHaveTextContent("Approved by a person");
});

test.each([
  ["queued", "Waiting for its turn…"],
  ["drafting", "Being answered…"],
  ["checking", "Being checked…"],
] as const)("turn that is %s shows its phase", async (state, words) => {
  serve(() => page([conversationTurn(1, { state, reply: null, replied_at: null })]));
  renderInApp(<Conversation userId="bob" />);
  expect(await screen.findByText(words)).toBeVisible();
});

test("rejected reply says so", async () => {
  const reply = "Message rejected by human reviewer.";
  serve(() => page([conversationTurn(1, { state: "rejected", reply, case_id: "case_reply-turn-1" })]));
  renderInApp(<Conversation userId="bob" renderCaseLink={(id, words) => <a href={id}>{words}</a>} />);
  expect(await screen.findByText(reply)).toBeVisible();
  expect(screen.getByText("Rejected")).toBeVisible();
  expect(screen.getByRole("link", { name: "Its review" })).toHaveAttribute("href", "case_reply-turn-1");
});

test("earlier messages come on request", async () => {
  serve(({ query }) =>
    query.includes("cursor=back") ? page([conversationTurn(1)]) : page([conversationTurn(2)], "back"),
  );
  renderInApp(<Conversation userId="bob" />);
  await userEvent.click(await screen.findByRole("button", { name: "Show earlier messages" }));
  expect(await screen.findByText("Message 1")).toBeVisible();
  expect(screen.getAllByRole("listitem")).toHaveLength(2);
});

test("user who never wrote is no error", async () => {
  serve(() => problem("conversation-not-found", 404, "There is no conversation with 'eve'."));
  renderInApp(<Conversation userId="eve" />);
  expect(await screen.findByText("Nothing was written yet")).toBeVisible();
});

test("failure says why and can be tried again", async () => {
  const down = vi.fn(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  serve(down);
  renderInApp(<Conversation userId="bob" />);
  expect(await screen.findByText("The casebook cannot be reached.")).toBeVisible();
  down.mockReturnValue(page([conversationTurn(1)]));
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("Message 1")).toBeVisible();
});

test("texts are shown as they are", async () => {
  serve(() => page([conversationTurn(1, { message: "<b>bold</b> **no**" })]));
  renderInApp(<Conversation userId="bob" />);
  expect(await screen.findByText("<b>bold</b> **no**")).toBeVisible();
});
