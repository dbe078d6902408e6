import { expect, test } from "vitest";
import { canonicalQuery, parseQueueQuery, sameQuery, toApiQuery } from "./query";

test("what an address says is read, and what makes no sense is left out", () => {
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

test("a saved view with empty parts is the query without them", () => {
  expect(parseQueueQuery({ state: [], rule: null, overdue: null, sort: "-opened" })).toEqual({});
});

test("the server is asked with its own names and an order", () => {
  expect(toApiQuery({ state: ["escalated"], assignee: "none" })).toEqual({
    state: ["escalated"],
    assignee: "none",
    sort: "-opened",
  });
});

test("two queries are the same whatever the order of their parts", () => {
  expect(sameQuery({ q: "a", sort: "due" }, { sort: "due", q: "a" })).toBe(true);
  expect(sameQuery({ q: "a" }, { q: "b" })).toBe(false);
  expect(canonicalQuery({ sort: "-opened" })).toBe(canonicalQuery({}));
});
