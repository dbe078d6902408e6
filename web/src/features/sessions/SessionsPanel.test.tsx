import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { OpenSession } from "@/api/types";
import { alex } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { SessionsPanel } from "./SessionsPanel";

const session = (number: number, over: Partial<OpenSession> = {}): OpenSession => ({
  session_id: `session-${String(number).padStart(32, "0")}`,
  subject: "ana",
  name: "Ana",
  roles: ["analyst"],
  scopes: [],
  kind: "browser",
  began_at: "2026-11-21T08:00:00Z",
  last_used_at: "2026-11-21T08:30:00Z",
  idle_ends_at: "2026-11-21T09:30:00Z",
  ends_at: "2026-11-21T20:00:00Z",
  address: "192.0.2.7",
  client: "Firefox",
  ...over,
});

test("one's own sessions say where from, and another one is ended", async () => {
  const items = [session(2), session(1, { client: "", kind: "program" })];
  const calls = serve(({ method }) => {
    if (method !== "DELETE") return json({ items, total: items.length, current: items[0]?.session_id });
    items.pop();
    return new Response(null, { status: 204 });
  });
  renderInApp(<SessionsPanel />);
  const [current, other] = await screen.findAllByRole("listitem");
  expect(current).toHaveTextContent("This one");
  expect(current).toHaveTextContent("from 192.0.2.7");
  expect(screen.getAllByRole("button")).toHaveLength(1);
  expect(other).toHaveTextContent("was given a token");
  await userEvent.click(
    screen.getByRole("button", { name: "End the session of Ana, a program without a name" }),
  );
  expect(await screen.findAllByRole("listitem")).toHaveLength(1);
  expect(calls.filter(({ method }) => method === "DELETE").map(({ path }) => path)).toEqual([
    `/api/sessions/session-${"1".padStart(32, "0")}`,
  ]);
  expect(screen.queryByRole("radiogroup")).toBeNull();
});

test("admins see whose sessions they end", async () => {
  serve(({ query }) =>
    query.includes("whose=all")
      ? json({ items: [session(1)], total: 700, current: null })
      : json({ items: [], total: 0, current: null }),
  );
  renderInApp(<SessionsPanel />, alex);
  await userEvent.click(await screen.findByText("Everybody's"));
  expect(await screen.findByRole("listitem")).toHaveTextContent("Ana (Analyst) signed in");
  expect(screen.getByText("Only the newest 1 are shown.")).toBeVisible();
});

test("refusals and outages are said", async () => {
  serve(({ method }) =>
    method === "DELETE"
      ? problem("session-not-found", 404, "No session of yours that is open has this id.")
      : json({ items: [session(1)], total: 1, current: null }),
  );
  const { unmount } = renderInApp(<SessionsPanel />);
  await userEvent.click(await screen.findByRole("button", { name: /End the session/ }));
  expect(await screen.findByText("No session of yours that is open has this id.")).toBeVisible();
  unmount();
  serve(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  renderInApp(<SessionsPanel />);
  expect(await screen.findByText("The casebook cannot be reached.")).toBeVisible();
});
