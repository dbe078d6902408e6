import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Note } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { caseView, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { NotesPanel } from "./NotesPanel";

const CASE = caseView().case_id;
const note = (number: number): Note => ({
  note_id: `note-${number}`,
  case_id: CASE,
  author: "ana",
  created_at: "2026-11-21T08:00:00Z",
  text: `Note ${number}`,
});

/** A server with notes 1 to `state.last`, in pages of two; a cursor is the number that a page ends before. */
function serveNotes(state: { last: number; down?: boolean }) {
  return serve(({ query }) => {
    if (state.down === true) return problem("casebook-unavailable", 503, "The casebook does not answer.");
    const before = Number(new URLSearchParams(query).get("cursor") ?? state.last + 1);
    const first = Math.max(1, before - 2);
    const numbers = Array.from({ length: before - first }, (_, index) => first + index);
    return json({
      items: numbers.map(note),
      next_cursor: first > 1 ? String(first) : null,
      total: state.last,
    });
  });
}

const shown = () => screen.getAllByText(/^Note \d+$/).map(({ textContent }) => textContent);
const notes = (...numbers: number[]) => numbers.map((number) => `Note ${number}`);

test("newest notes come first, earlier ones on request", async () => {
  serveNotes({ last: 5 });
  const user = userEvent.setup();
  renderInApp(<NotesPanel caseId={CASE} />, vera);
  await waitFor(() => expect(shown()).toEqual(notes(4, 5)));
  expect(screen.getByText("5")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Show earlier notes" }));
  await waitFor(() => expect(shown()).toEqual(notes(2, 3, 4, 5)));
  await user.click(screen.getByRole("button", { name: "Show earlier notes" }));
  await waitFor(() => expect(shown()).toEqual(notes(1, 2, 3, 4, 5)));
  expect(screen.queryByRole("button", { name: "Show earlier notes" })).toBeNull();
});

test("notes added meanwhile appear once each", async () => {
  const state = { last: 5 };
  serveNotes(state);
  const user = userEvent.setup();
  const { queries } = renderInApp(<NotesPanel caseId={CASE} />, vera);
  await waitFor(() => expect(shown()).toEqual(notes(4, 5)));
  state.last = 6;
  await user.click(screen.getByRole("button", { name: "Show earlier notes" }));
  await waitFor(() => expect(shown()).toEqual(notes(2, 3, 4, 5)));
  await queries.invalidateQueries({ queryKey: keys.case(CASE) });
  await waitFor(() => expect(shown()).toEqual(notes(3, 4, 5, 6)));
});

test("failed page keeps the notes already shown", async () => {
  const state = { last: 3, down: false };
  serveNotes(state);
  const user = userEvent.setup();
  renderInApp(<NotesPanel caseId={CASE} />, vera);
  await waitFor(() => expect(shown()).toEqual(notes(2, 3)));
  state.down = true;
  await user.click(screen.getByRole("button", { name: "Show earlier notes" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("The casebook does not answer.");
  expect(shown()).toEqual(notes(2, 3));
  state.down = false;
  await user.click(screen.getByRole("button", { name: "Show earlier notes" }));
  await waitFor(() => expect(shown()).toEqual(notes(1, 2, 3)));
});
