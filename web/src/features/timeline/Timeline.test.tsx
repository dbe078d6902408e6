import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { caseEvent, caseView, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, serve } from "@/test/server";
import { Timeline } from "./Timeline";

const CASE = caseView().case_id;
const opened = caseEvent({ seq: 1, type: "case_opened", actor: "ben", data: {} });
const noted = caseEvent({ seq: 2, type: "note_added", actor: "ana", data: {} });

test("timeline starts with the newest page", async () => {
  const calls = serve(({ path, query }) => {
    if (path.endsWith("/audit")) {
      return json({ events: [], next_cursor: null, intact: true, broken: null, head: null, refused: [] });
    }
    return query.includes("cursor=back")
      ? json({ items: [opened], next_cursor: null, total: 2 })
      : json({ items: [noted], next_cursor: "back", total: 2 });
  });
  const user = userEvent.setup();
  renderInApp(<Timeline caseId={CASE} />, vera);
  expect(await screen.findByText("2 events")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Show earlier events" }));
  await waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(2));
  const [first, second] = screen.getAllByRole("listitem") as [HTMLElement, HTMLElement];
  expect(within(first).getByText("Ana")).toBeVisible();
  expect(within(second).getByText("Ben")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Show earlier events" })).toBeNull();
  expect(calls.find(({ path }) => path.endsWith("/audit"))?.query).toBe("?limit=1");
});

test("tampered record shows where, and what was refused", async () => {
  serve(({ path }) =>
    path.endsWith("/audit")
      ? json({
          events: [],
          next_cursor: null,
          intact: false,
          broken: { seq: 1, row: "event", reason: "its content does not match its hash" },
          head: null,
          refused: [
            {
              case_id: CASE,
              reason: "outcome-not-justified",
              sentence: "The case cannot be closed as cleared.",
              attempts: 3,
              first_at: "2026-11-21T08:00:00Z",
              last_at: "2026-11-21T09:00:00Z",
            },
          ],
        })
      : json({ items: [opened], next_cursor: null, total: 1 }),
  );
  renderInApp(<Timeline caseId={CASE} />, vera);
  const faults = await screen.findByRole("alert");
  expect(screen.getByText("Chain broken at #1")).toBeVisible();
  expect(faults).toHaveTextContent(
    "The record of this case was changed outside of Casewright (event of #1): its content does not match its hash.",
  );
  expect(faults).toHaveTextContent(
    /Refused 3 times, last .*: The case cannot be closed as cleared\. Nothing was done/,
  );
});
