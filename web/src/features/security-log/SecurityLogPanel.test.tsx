import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { SecurityEvent } from "@/api/types";
import { alex } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { SecurityLogPanel } from "./SecurityLogPanel";

const event = (number: number, over: Partial<SecurityEvent> = {}): SecurityEvent => ({
  number,
  at: "2026-11-21T08:00:00Z",
  kind: "signed_in",
  outcome: "done",
  subject: "ana",
  address: "192.0.2.7",
  target: null,
  reason: null,
  detail: {},
  once: String(number),
  hash: `sha256:${"a".repeat(64)}`,
  ...over,
});

test.each<[Partial<SecurityEvent>, string[]]>([
  [{ detail: { client: "Firefox" } }, ["Ana signed in", "from 192.0.2.7 · Firefox"]],
  [
    { kind: "access_refused", outcome: "refused", target: "POST /api/cases/bulk", reason: "not-allowed" },
    ["Ana asked for what is not allowed", "POST /api/cases/bulk · not-allowed", "Refused"],
  ],
  [
    { kind: "origin_refused", outcome: "refused", subject: null },
    ["Somebody unknown asked from another site"],
  ],
  [
    { kind: "session_ended", subject: "maria", reason: "ended_by_admin", detail: { holder: "ben" } },
    ["Maria ended a session", "of Ben · ended by admin"],
  ],
  [
    { kind: "log_purged", subject: null, address: "", detail: { lines: 1200 } },
    ["Casewright deleted", "1,200 lines"],
  ],
])("event %# is a sentence", async (over, said) => {
  serve(() => json({ items: [event(1, over)], next_cursor: null, total: 1 }));
  renderInApp(<SecurityLogPanel />, alex);
  const line = await screen.findByRole("listitem");
  for (const text of said) expect(line).toHaveTextContent(text);
});

test("log goes back page by page, the newest first", async () => {
  serve(({ query }) =>
    query.includes("cursor=back")
      ? json({ items: [event(1, { subject: "vera" })], next_cursor: null, total: 2 })
      : json({ items: [event(2)], next_cursor: "back", total: 2 }),
  );
  renderInApp(<SecurityLogPanel />, alex);
  await userEvent.click(await screen.findByRole("button", { name: "Show earlier events" }));
  const list = screen.getByRole("list", { name: /newest first/ });
  expect(await within(list).findByText("Vera")).toBeVisible();
  expect(within(list).getAllByRole("listitem")[0]).toHaveTextContent("Ana");
});

test("log is narrowed to a kind and a person", async () => {
  const calls = serve(({ query }) =>
    json(
      query.includes("kind=exported")
        ? { items: [], next_cursor: null, total: 0 }
        : { items: [event(1)], next_cursor: null, total: 1 },
    ),
  );
  renderInApp(<SecurityLogPanel />, alex);
  await userEvent.click(await screen.findByRole("combobox", { name: "Who" }));
  await userEvent.click(await screen.findByRole("option", { name: "Ana" }));
  await userEvent.click(screen.getByRole("combobox", { name: "What happened" }));
  await userEvent.click(await screen.findByRole("option", { name: "exported" }));
  expect(await screen.findByText("Nothing of this kind is on record")).toBeVisible();
  expect(calls.at(-1)?.query).toContain("subject=ana");
});

test("outage is said", async () => {
  serve(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  renderInApp(<SecurityLogPanel />, alex);
  expect(await screen.findByText("The casebook cannot be reached.")).toBeVisible();
});
