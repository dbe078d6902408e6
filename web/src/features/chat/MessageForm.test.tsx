import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { MessageForm } from "./MessageForm";

const pending = () => json({ turn_id: "turn-1", status_url: "/api/chat/turn-1" }, 202);
const field = () => screen.getByRole("textbox", { name: /Message as bob/ });

beforeEach(() => sessionStorage.clear());

test("Enter sends and Shift with Enter does not", async () => {
  const calls = serve(pending);
  renderInApp(<MessageForm userId="bob" />);
  await userEvent.type(field(), "Hello{Shift>}{Enter}{/Shift}again{Enter}");
  await waitFor(() => expect(field()).toHaveValue(""));
  expect(calls).toHaveLength(1);
  expect(calls[0]).toMatchObject({ path: "/api/chat", query: "?wait=0" });
  expect(calls[0]?.body).toMatchObject({ user_id: "bob", text: "Hello\nagain" });
});

test("message that was not answered for is sent again as itself", async () => {
  let answer = problem("casebook-unavailable", 503, "The casebook cannot be reached.");
  const calls = serve(() => answer);
  renderInApp(<MessageForm userId="bob" />);
  await userEvent.type(field(), "Hello{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("The casebook cannot be reached.");
  expect(field()).toHaveValue("Hello");
  answer = pending();
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  await waitFor(() => expect(field()).toHaveValue(""));
  const ids = calls.map(({ body }) => (body as { message_id: string }).message_id);
  expect(ids[0]).toBe(ids[1]);
});

test("next message is another one", async () => {
  const calls = serve(pending);
  renderInApp(<MessageForm userId="bob" />);
  await userEvent.type(field(), "One{Enter}");
  await waitFor(() => expect(field()).toHaveValue(""));
  await userEvent.type(field(), "Two{Enter}");
  await waitFor(() => expect(calls).toHaveLength(2));
  const ids = calls.map(({ body }) => (body as { message_id: string }).message_id);
  expect(ids[0]).not.toBe(ids[1]);
});

test("what was typed outlives the page", async () => {
  serve(pending);
  const { unmount } = renderInApp(<MessageForm userId="bob" />);
  await userEvent.type(field(), "Unsent");
  unmount();
  renderInApp(<MessageForm userId="bob" />);
  expect(field()).toHaveValue("Unsent");
});

test("blank message is not sent", async () => {
  const calls = serve(pending);
  renderInApp(<MessageForm userId="bob" />);
  await userEvent.type(field(), "  {Enter}");
  expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
  expect(calls).toEqual([]);
});
