import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { Identity } from "@/api/types";
import { ana, chatUser, conversationTurn } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, serve } from "@/test/server";
import { ChatPage } from "./ChatPage";

const chosen = vi.hoisted(() => ({ user: "bob" }));

vi.mock("@tanstack/react-router", () => ({
  getRouteApi: () => ({ useSearch: () => ({ user: chosen.user }), useNavigate: () => vi.fn() }),
  Link: ({ children }: { children: React.ReactNode }) => <a href="/chat">{children}</a>,
}));

const vera: Identity = { ...ana, subject: "vera", roles: ["viewer"] };

/** Each user wrote their own name, which is masked unless it is asked for. */
const answering = () =>
  serve(({ path, query }) => {
    if (path === "/api/conversations") return json({ items: [chatUser()], next_cursor: null });
    const user = path.split("/")[3] ?? "";
    const name = query.includes("personal_data=shown") ? `Keller of ${user}` : "M. K.";
    return json({
      user: chatUser({ user_id: user }),
      items: [conversationTurn(1, { message: name })],
      next_cursor: null,
    });
  });

const button = () => screen.getByRole("button", { name: "Show personal data" });

beforeEach(() => {
  chosen.user = "bob";
});

test("conversation shows personal data until the button is pressed again", async () => {
  const calls = answering();
  renderInApp(<ChatPage />);
  await screen.findByText("M. K.");
  expect(button()).toHaveAttribute("aria-pressed", "false");
  await userEvent.click(button());
  await screen.findByText("Keller of bob");
  expect(button()).toHaveAttribute("aria-pressed", "true");
  await userEvent.click(button());
  await screen.findByText("M. K.");
  expect(screen.queryByText("Keller of bob")).toBeNull();
  const shown = calls.filter(({ query }) => query.includes("personal_data"));
  expect(new Set(shown.map(({ path }) => path))).toEqual(new Set(["/api/conversations/bob"]));
});

test("another conversation is masked, and the first one again after it", async () => {
  answering();
  const { rerender } = renderInApp(<ChatPage />);
  await userEvent.click(button());
  await screen.findByText("Keller of bob");
  for (const user of ["eve", "bob"]) {
    chosen.user = user;
    rerender(<ChatPage />);
    await waitFor(() => expect(button()).toHaveAttribute("aria-pressed", "false"));
    await screen.findByText("M. K.");
    expect(screen.queryByText(/Keller/)).toBeNull();
  }
});

test("viewers have no button on a conversation", async () => {
  answering();
  renderInApp(<ChatPage />, vera);
  await screen.findByText("M. K.");
  expect(screen.queryByRole("button", { name: "Show personal data" })).toBeNull();
});
