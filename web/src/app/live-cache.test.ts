import { QueryClient, type InfiniteData } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CasePage } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { caseEvent, caseView, summary } from "@/test/fixtures";
import { applyEvent, applySummary, LiveCache } from "./live-cache";

type Pages = InfiniteData<CasePage, string | undefined>;

const pages = (numbers: number[], next_cursor: string | null = null): Pages => ({
  pages: [{ items: numbers.map((number) => summary(number)), next_cursor }],
  pageParams: [undefined],
});

const idsOf = (data: Pages | undefined) =>
  data?.pages.flatMap((page) => page.items.map((item) => item.case_id));

describe("applySummary", () => {
  test("puts a new case on top", () => {
    expect(idsOf(applySummary(pages([3, 1]), "all", summary(5)))).toEqual(["case-5", "case-3", "case-1"]);
  });

  test("replaces a case where it stands", () => {
    const after = applySummary(pages([3, 1]), "all", summary(1, { state: "closed", last_seq: 40 }));
    expect(idsOf(after)).toEqual(["case-3", "case-1"]);
    expect(after.pages[0]?.items[1]?.state).toBe("closed");
  });

  test("takes a case out of a filtered list when it leaves the state", () => {
    const after = applySummary(
      pages([3, 1]),
      "awaiting_review",
      summary(3, { state: "acting", last_seq: 40 }),
    );
    expect(idsOf(after)).toEqual(["case-1"]);
  });

  test("puts a case that enters the state between those opened before and after it", () => {
    expect(idsOf(applySummary(pages([9, 1]), "awaiting_review", summary(5)))).toEqual([
      "case-9",
      "case-5",
      "case-1",
    ]);
  });

  test("leaves a case that is older than the loaded pages to its page", () => {
    const before = pages([9, 8], "cursor");
    expect(applySummary(before, "all", summary(2))).toBe(before);
  });

  test("does not go back to what an older message says", () => {
    const before: Pages = {
      pages: [{ items: [summary(1, { state: "closed", last_seq: 40 })], next_cursor: null }],
      pageParams: [undefined],
    };
    expect(applySummary(before, "all", summary(1, { last_seq: 39 }))).toBe(before);
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

  test("shows a specialist as running, then as done", () => {
    const started = applyEvent(running, caseEvent());
    expect(started.progress.specialists["usage"]).toBe("running");
    const done = caseEvent({
      seq: 12,
      type: "specialist_finished",
      data: { specialist: "usage", round: 1, status: "not_evaluable" },
    });
    expect(applyEvent(started, done).progress.specialists["usage"]).toBe("not_evaluable");
  });

  test("ignores what the case on the page already includes, and other rounds", () => {
    expect(applyEvent(running, caseEvent({ seq: 10 }))).toBe(running);
    expect(applyEvent(running, caseEvent({ data: { specialist: "usage", round: 2 } }))).toBe(running);
  });
});

describe("LiveCache", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("reads a case once for the events of one step", () => {
    const queries = new QueryClient();
    const invalidate = vi.spyOn(queries, "invalidateQueries");
    const cache = new LiveCache(queries);
    for (let seq = 11; seq < 16; seq += 1) {
      cache.receive({ kind: "case", data: { seq, event: caseEvent({ seq }), case: summary(1) } });
    }
    expect(invalidate).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(invalidate.mock.calls).toEqual([[{ queryKey: keys.case("case-1") }]]);
  });

  test("patches every list that is loaded", () => {
    const queries = new QueryClient();
    queries.setQueryData(keys.caseList(undefined), pages([1]));
    queries.setQueryData(keys.caseList("closed"), pages([]));
    const closed = summary(1, { state: "closed", outcome: "cleared", last_seq: 40 });
    new LiveCache(queries).receive({ kind: "case", data: { seq: 40, event: caseEvent(), case: closed } });
    expect(queries.getQueryData<Pages>(keys.caseList(undefined))?.pages[0]?.items[0]?.outcome).toBe(
      "cleared",
    );
    expect(idsOf(queries.getQueryData<Pages>(keys.caseList("closed")))).toEqual(["case-1"]);
  });

  test("reads everything on screen again after a gap", () => {
    const queries = new QueryClient();
    const invalidate = vi.spyOn(queries, "invalidateQueries");
    queries.setQueryData(keys.case("case-1"), caseView());
    new LiveCache(queries).catchUp();
    expect(invalidate).toHaveBeenCalledTimes(1);
    expect(queries.getQueryState(keys.case("case-1"))?.isInvalidated).toBe(true);
  });
});
