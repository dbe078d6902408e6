import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { alex, ana, chatUser, maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { UserPanel } from "./UserPanel";

const reads = (user = chatUser()) =>
  serve(({ method, path }) => {
    if (method !== "GET") return json({ ...user, turns: 3 });
    if (path.startsWith("/api/analytics")) return json({ user_id: "bob", message_count: 4 });
    return json({ user, items: [], next_cursor: null });
  });

test("analyst reads and changes nothing", async () => {
  reads();
  renderInApp(<UserPanel userId="bob" />, ana);
  expect(await screen.findByText("Not linked: the assistant reads no records")).toBeVisible();
  expect(await screen.findByText("4")).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("manager erases after a question", async () => {
  const calls = reads();
  renderInApp(<UserPanel userId="bob" />, maria);
  await userEvent.click(await screen.findByRole("button", { name: "Erase the conversation…" }));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("It cannot be undone");
  expect(calls.some(({ method }) => method === "DELETE")).toBe(false);
  await userEvent.click(within(dialog).getByRole("button", { name: "Erase" }));
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({ method: "DELETE", path: "/api/conversations/bob" }),
    ),
  );
});

test("admin links a user and ends the link", async () => {
  const calls = reads(chatUser({ customer_id: 7, linked_by: "alex", linked_at: "2026-11-21T08:00:00Z" }));
  renderInApp(<UserPanel userId="bob" />, alex);
  await userEvent.type(await screen.findByRole("textbox", { name: /Link to a customer/ }), "12");
  await userEvent.click(screen.getByRole("button", { name: "Link" }));
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        method: "PUT",
        path: "/api/conversations/bob/customer",
        body: { customer_id: 12 },
      }),
    ),
  );
  await userEvent.click(screen.getByRole("button", { name: "End the link" }));
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({ method: "DELETE", path: "/api/conversations/bob/customer" }),
    ),
  );
});

test("refused link says why", async () => {
  serve(({ method, path }) => {
    if (method === "PUT") return problem("unknown-customer", 422, "There is no customer 99.");
    if (path.startsWith("/api/analytics")) return json({ user_id: "bob", message_count: 0 });
    return json({ user: chatUser(), items: [], next_cursor: null });
  });
  renderInApp(<UserPanel userId="bob" />, alex);
  await userEvent.type(await screen.findByRole("textbox", { name: /Link to a customer/ }), "99");
  await userEvent.click(screen.getByRole("button", { name: "Link" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no customer 99.");
});
