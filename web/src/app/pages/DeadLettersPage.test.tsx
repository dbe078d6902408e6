import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { DeadLetterCount, TelemetryDeadLetter } from "@/api/types";

import { ana, maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { DeadLettersPage } from "./DeadLettersPage";

const HUB = "event hub telemetry";

const letter = (number: number, over: Partial<TelemetryDeadLetter> = {}): TelemetryDeadLetter => ({
  letter_id: `tdl-${String(number).padStart(32, "0")}`,
  source: HUB,
  file: null,
  partition: "0",
  position: number,
  received_at: "2026-11-30T00:00:00Z",
  kind: "unreadable",
  reason: "it is no JSON",
  body: "nonsense",
  size: 8,
  is_whole: true,
  state: "kept",
  tried_at: null,
  asked_by: null,
  result: null,
  ...over,
});

const count = (over: Partial<DeadLetterCount> = {}): DeadLetterCount => ({
  source: HUB,
  kind: "unreadable",
  count: 1_234,
  kept: 2,
  last_at: "2026-11-30T00:00:00Z",
  last_file: null,
  last_partition: "0",
  last_position: 17,
  last_reason: "it is no JSON",
  ...over,
});

function served(letters: TelemetryDeadLetter[], counts: DeadLetterCount[] = [count()]) {
  return serve(({ method, path }) => {
    if (method === "POST") return json({ count: letters.length });
    return path.endsWith("/counts") ? json({ items: counts }) : json({ items: letters, next_cursor: null });
  });
}

const click = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));

test("counts name the last place, of a hub and of a file", async () => {
  served(
    [],
    [
      count(),
      count({
        source: "replay of may.jsonl",
        kind: "damaged_gzip",
        last_file: "may.jsonl",
        last_partition: null,
      }),
    ],
  );
  renderInApp(<DeadLettersPage />, maria);
  const list = await screen.findByRole("list", { name: /most frequent first/ });
  const [hub, file] = within(list).getAllByRole("listitem");
  expect(hub).toHaveTextContent("1,234 · Unreadable · event hub telemetry");
  expect(hub).toHaveTextContent("Last: event hub telemetry, partition 0, message 17: it is no JSON");
  expect(file).toHaveTextContent("Last: may.jsonl, line 17");
});

test("letter shows what it was and its result", async () => {
  served([
    letter(3, { state: "evaluated", result: "1 event was evaluated and raised no alert." }),
    letter(2, { is_whole: false, size: 10_000_000 }),
  ]);
  renderInApp(<DeadLettersPage />, maria);
  const list = await screen.findByRole("list", { name: /newest first/ });
  const [done, cut] = within(list).getAllByRole("listitem");
  expect(done).toHaveTextContent("1 event was evaluated and raised no alert.");
  expect(done).toHaveTextContent("nonsense");
  expect(cut).toHaveTextContent("10,000,000 bytes, of which the beginning is kept");
  expect(within(list).queryByRole("button", { name: /Try/ })).toBeNull();
});

test("letter is tried again", async () => {
  const calls = served([letter(3)]);
  renderInApp(<DeadLettersPage />, maria);
  await click("Try again: event hub telemetry, partition 0, message 3");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        method: "POST",
        path: "/api/telemetry/dead-letters/retry",
        body: { letter_ids: [letter(3).letter_id] },
      }),
    ),
  );
  expect(await screen.findByRole("status")).toHaveTextContent("1 will be tried again");
});

test("letters of a source and kind are dropped for a reason", async () => {
  const calls = served([letter(3)]);
  renderInApp(<DeadLettersPage />, maria);
  await click("Show Unreadable of event hub telemetry");
  expect(
    await screen.findByRole("heading", { name: "Kept: Unreadable · event hub telemetry" }),
  ).toBeVisible();
  await click("Drop all…");
  await userEvent.type(await screen.findByRole("textbox", { name: /Why/ }), "A test of ours.");
  await click("Drop");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        path: "/api/telemetry/dead-letters/drop",
        body: { source: HUB, kind: "unreadable", reason: "A test of ours." },
      }),
    ),
  );
  await click("Show all");
  expect(await screen.findByRole("heading", { name: "Kept" })).toBeVisible();
});

test("empty, refused and forbidden pages say so", async () => {
  served([], []);
  const { unmount } = renderInApp(<DeadLettersPage />, maria);
  expect(await screen.findByText("All telemetry was evaluated")).toBeVisible();
  expect(await screen.findByText("Nothing is kept here")).toBeVisible();
  unmount();
  serve(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  const refused = renderInApp(<DeadLettersPage />, maria);
  await waitFor(() => {
    expect(screen.getAllByText("The casebook cannot be reached.")).toHaveLength(2);
  });
  refused.unmount();
  renderInApp(<DeadLettersPage />, ana);
  expect(screen.getByText("Only managers see dead letters")).toBeVisible();
});
