import { expect, test } from "vitest";
import { canonicalQuery, parseQueueQuery, sameQuery, toApiQuery } from "./query";

test("invalid parts of the address are ignored", () => {
  expect(
    parseQueueQuery({
      state: ["awaiting_review", "asleep"],
      risk_level: "high",
      severity: "terrible",
      customer_id: "42",
      min_score: 7,
      due_within_hours: 4,
      opened_over_hours: -1,
      overdue: "true",
      q: 123,
      sort: "luck",
    }),
  ).toEqual({
    state: ["awaiting_review"],
    risk_level: "high",
    customer_id: 42,
    due_within_hours: 4,
    overdue: true,
    q: "123",
  });
});

test("empty parts of a saved view are dropped", () => {
  expect(parseQueueQuery({ state: [], rule: null, overdue: null, sort: "-opened" })).toEqual({});
});

test("snoozed and legal hold are read from addresses", () => {
  expect(parseQueueQuery({ legal_hold: "true" })).toEqual({ legal_hold: true });
  expect(parseQueueQuery({ snoozed: "false" })).toEqual({ snoozed: false });
  expect(parseQueueQuery({ snoozed: true })).toEqual({ snoozed: true });
  expect(parseQueueQuery({ snoozed: "perhaps" })).toEqual({});
});

test("API query has the server's names and a sort", () => {
  expect(toApiQuery({ state: ["escalated"], assignee: "none" })).toEqual({
    state: ["escalated"],
    assignee: "none",
    sort: "-opened",
  });
});

test("order of parts does not change a query", () => {
  expect(sameQuery({ q: "a", sort: "due" }, { sort: "due", q: "a" })).toBe(true);
  expect(sameQuery({ q: "a" }, { q: "b" })).toBe(false);
  expect(canonicalQuery({ sort: "-opened" })).toBe(canonicalQuery({}));
});
