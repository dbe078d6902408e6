import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CasePage, CaseSummary } from "@/api/types";
import { keys } from "@/shared/api/keys";
import type { QueueQuery } from "@/shared/queue/query";
import { caseEvent, caseView, summary } from "@/test/fixtures";
import { applyEvent, applySummary, type CachedPage, LiveCache } from "./live-cache";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const VIEWPOINT = { me: "ana", now: NOW };

const page = (items: CaseSummary[], next_cursor: string | null = null): CasePage => ({
  items,
  next_cursor,
  total: items.length,
});

const listed = (numbers: number[], query: QueueQuery = {}, over: Partial<CachedPage> = {}): CachedPage => ({
  query,
  cursor: null,
  page: page(numbers.map((number) => summary(number))),
  ...over,
});

const idsOf = (data: CasePage | undefined) => data?.items.map((item) => item.case_id);
const after = (list: CachedPage, item: CaseSummary) => applySummary(list, item, VIEWPOINT);

describe("applySummary", () => {
  test("puts a new case on top and counts it", () => {
    const patched = after(listed([3, 1]), summary(5));
    expect(idsOf(patched)).toEqual(["case-5", "case-3", "case-1"]);
    expect(patched.total).toBe(3);
  });

  test("replaces a case in place", () => {
    const patched = after(listed([3, 1]), summary(1, { state: "closed", last_seq: 40 }));
    expect(idsOf(patched)).toEqual(["case-3", "case-1"]);
    expect(patched.items[1]?.state).toBe("closed");
  });

  test("removes a case that leaves the filtered state", () => {
    const patched = after(
      listed([3, 1], { state: ["awaiting_review"] }),
      summary(3, { state: "acting", last_seq: 40 }),
    );
    expect(idsOf(patched)).toEqual(["case-1"]);
    expect(patched.total).toBe(1);
  });

  test("moves a case to its place in the order", () => {
    const patched = after(
      listed([3, 2, 1], { sort: "-score" }),
      summary(1, { risk_score: 0.9, last_seq: 40 }),
    );
    expect(idsOf(patched)).toEqual(["case-1", "case-3", "case-2"]);
  });

  test("leaves cases above or below to other pages", () => {
    const below = listed([9, 8], {}, { page: page([summary(9), summary(8)], "cursor") });
    expect(after(below, summary(2))).toBe(below.page);
    const above = listed([9, 8], {}, { cursor: "cursor" });
    expect(after(above, summary(10))).toBe(above.page);
  });

  test("does not guess matches of a text search", () => {
    const found = listed([3], { q: "travel" });
    expect(after(found, summary(5))).toBe(found.page);
    expect(after(found, summary(3, { round: 2, last_seq: 40 })).items[0]?.round).toBe(2);
  });

  test("moves a claimed case from unassigned to mine", () => {
    const claim = {
      assignee: "ana",
      claimed_at: "2026-11-21T11:00:00Z",
      expires_at: "2026-11-21T12:30:00Z",
    };
    const mine = summary(3, { claim, last_seq: 40 });
    expect(idsOf(after(listed([3, 1], { assignee: "none" }), mine))).toEqual(["case-1"]);
    expect(idsOf(after(listed([], { assignee: "me" }), mine))).toEqual(["case-3"]);
  });

  test("ignores messages older than the row", () => {
    const closed = page([summary(1, { state: "closed", last_seq: 40 })]);
    expect(after(listed([], {}, { page: closed }), summary(1, { last_seq: 39 }))).toBe(closed);
  });
});

describe("applyEvent", () => {
  const running = caseView({
    state: "investigating",
    progress: {
      phase: "investigating",
      round: 1,
      specialists: { usage: "pending" },
      score: null,
      outcome: null,
    },
  });

  test("shows a specialist as running, then done", () => {
    const started = applyEvent(running, caseEvent());
    expect(started.progress.specialists["usage"]).toBe("running");
    const done = caseEvent({
      seq: 12,
      type: "specialist_finished",
      data: { specialist: "usage", round: 1, status: "not_evaluable" },
    });
    expect(applyEvent(started, done).progress.specialists["usage"]).toBe("not_evaluable");
  });

  test("ignores known events and other rounds", () => {
    expect(applyEvent(running, caseEvent({ seq: 10 }))).toBe(running);
    expect(applyEvent(running, caseEvent({ data: { specialist: "usage", round: 2 } }))).toBe(running);
  });
});

describe("LiveCache", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("refetches a case once per burst of events", () => {
    const queries = new QueryClient();
    const invalidate = vi.spyOn(queries, "invalidateQueries");
    const cache = new LiveCache(queries, "ana");
    for (let seq = 11; seq < 16; seq += 1) {
      cache.receive({ kind: "case", data: { seq, event: caseEvent({ seq }), case: summary(1) } });
    }
    expect(invalidate).not.toHaveBeenCalled();
    vi.advanceTimersByTime(200);
    expect(invalidate.mock.calls).toEqual([[{ queryKey: keys.case("case-1") }]]);
    vi.runAllTimers();
    expect(invalidate.mock.calls.slice(1)).toEqual([
      [{ queryKey: keys.caseCounts }],
      [{ queryKey: keys.viewCounts }],
    ]);
  });

  test("patches every loaded page of every list", () => {
    const queries = new QueryClient();
    const all = keys.casePage({}, null);
    const closedOnes = keys.casePage({ state: ["closed"] }, null);
    queries.setQueryData(all, page([summary(1)]));
    queries.setQueryData(closedOnes, page([]));
    const closed = summary(1, { state: "closed", outcome: "cleared", last_seq: 40 });
    new LiveCache(queries, "ana").receive({
      kind: "case",
      data: { seq: 40, event: caseEvent(), case: closed },
    });
    expect(queries.getQueryData<CasePage>(all)?.items[0]?.outcome).toBe("cleared");
    expect(idsOf(queries.getQueryData<CasePage>(closedOnes))).toEqual(["case-1"]);
  });

  test("refetches everything on screen after a gap", () => {
    const queries = new QueryClient();
    const invalidate = vi.spyOn(queries, "invalidateQueries");
    queries.setQueryData(keys.case("case-1"), caseView());
    new LiveCache(queries, "ana").catchUp();
    expect(invalidate).toHaveBeenCalledTimes(1);
    expect(queries.getQueryState(keys.case("case-1"))?.isInvalidated).toBe(true);
  });
});
