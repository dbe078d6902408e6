import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import type { Identity } from "@/api/types";
import { ana, ben, maria, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, serve } from "@/test/server";
import { ViewTabs } from "./ViewTabs";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children, title }: { children: ReactNode; title?: string }) => (
    <a href="/" title={title}>
      {children}
    </a>
  ),
}));

const late = { name: "Late", query: { overdue: true, state: [], sort: "due" }, owner: "ana", saved_at: "" };
const counts = { states: {}, snoozed: {}, overdue: 0, unclaimed: 0, mine: 0 };

const serveView = (shared: boolean) =>
  serve(({ path }) => {
    if (path === "/api/views") return json({ items: [{ ...late, shared }] });
    return json(path === "/api/cases/counts" ? counts : { items: [], total: 0, next_cursor: null });
  });

async function openMenu(shared: boolean, identity: Identity) {
  const calls = serveView(shared);
  const user = userEvent.setup();
  renderInApp(<ViewTabs query={{}} />, identity);
  await user.click(await screen.findByRole("button", { name: /Change the view Late/ }));
  return { calls, user };
}

test("owner shares a view, which stays as it is", async () => {
  const { calls, user } = await openMenu(false, ana);
  await user.click(await screen.findByRole("menuitem", { name: "Share with everybody" }));
  const put = () => calls.find(({ method }) => method === "PUT");
  await waitFor(() => expect(put()).toBeDefined());
  expect(put()?.body).toMatchObject({ query: { overdue: true, sort: "due" }, shared: true });
});

test("manager stops the sharing of another person's view", async () => {
  const { calls, user } = await openMenu(true, maria);
  expect(screen.queryByRole("menuitem", { name: "Delete" })).toBeNull();
  await user.click(await screen.findByRole("menuitem", { name: "Stop sharing" }));
  await waitFor(() =>
    expect(calls.find(({ method }) => method === "DELETE")?.path).toBe("/api/shared-views/ana/Late"),
  );
});

test.each([ben, vera])("shared view is read-only, with its owner", async (identity) => {
  serveView(true);
  renderInApp(<ViewTabs query={{}} />, identity);
  expect(await screen.findByRole("link", { name: /Late · Ana/ })).toHaveAttribute("title", "Shared by Ana");
  expect(screen.queryByRole("button", { name: /Change the view/ })).toBeNull();
});
