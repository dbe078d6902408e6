import { expect, test } from "vitest";
import { summary } from "@/test/fixtures";
import { matchesQuery, compareBy } from "./query-match";
import type { QueueQuery } from "./query";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const fits = (query: QueueQuery, over: Parameters<typeof summary>[1] = {}) =>
  matchesQuery(query, summary(1, { opened_at: "2026-11-20T11:00:00Z", ...over }), "ana", NOW);

test("age counts from now", () => {
  expect(fits({ opened_within_hours: 24 })).toBe(false);
  expect(fits({ opened_within_hours: 26 })).toBe(true);
  expect(fits({ opened_over_hours: 24 })).toBe(true);
  expect(fits({ opened_over_hours: 26 })).toBe(false);
});

test("overdue cases count as due soon", () => {
  const late = { due_at: "2026-11-21T11:00:00Z" };
  expect(fits({ overdue: true }, late)).toBe(true);
  expect(fits({ due_within_hours: 4 }, late)).toBe(true);
  expect(fits({ due_within_hours: 4 }, { due_at: "2026-11-21T17:00:00Z" })).toBe(false);
  expect(fits({ overdue: true })).toBe(false);
  expect(fits({ due_within_hours: 4 })).toBe(false);
});

test("expired claim has no assignee", () => {
  const claim = { assignee: "ben", claimed_at: "2026-11-21T11:00:00Z", expires_at: "2026-11-21T11:30:00Z" };
  expect(fits({ assignee: "none" }, { claim })).toBe(true);
  expect(fits({ assignee: "ben" }, { claim })).toBe(false);
});

test("whose a case is does not end with a claim", () => {
  const assignment = { assigned_to: "ana", assigned_by: "system", assigned_at: "2026-11-20T11:00:00Z" };
  expect(fits({ assigned_to: "me" }, { assignment })).toBe(true);
  expect(fits({ assigned_to: "ben" }, { assignment })).toBe(false);
  expect(fits({ assigned_to: "none" }, { assignment })).toBe(false);
  expect(fits({ assigned_to: "none" })).toBe(true);
});

test("legal hold is asked for both ways", () => {
  const legal_hold = {
    held_by: "maria",
    held_since: "2026-11-21T09:00:00Z",
    reason: "The court asked for it.",
  };
  expect(fits({ legal_hold: true }, { legal_hold })).toBe(true);
  expect(fits({ legal_hold: false }, { legal_hold })).toBe(false);
  expect(fits({ legal_hold: true })).toBe(false);
  expect(fits({ legal_hold: false })).toBe(true);
});

test("snooze whose time is over does not count", () => {
  const snooze = { snoozed_by: "ana", until: "2026-11-21T12:30:00Z", until_activity: false };
  expect(fits({ snoozed: true }, { snooze })).toBe(true);
  expect(fits({ snoozed: false }, { snooze })).toBe(false);
  expect(fits({ snoozed: false }, { snooze: { ...snooze, until: "2026-11-21T11:30:00Z" } })).toBe(true);
  expect(fits({ snoozed: false })).toBe(true);
  expect(fits({}, { snooze })).toBe(true);
});

test("cases without the sort value come last", () => {
  const cases = [
    summary(1, { risk_score: null }),
    summary(2, { risk_score: 0.2 }),
    summary(3, { risk_score: 0.9 }),
  ];
  const order = (sort: QueueQuery["sort"]) =>
    cases.toSorted(compareBy(sort)).map(({ customer_id }) => customer_id);
  expect(order("score")).toEqual([2, 3, 1]);
  expect(order("-score")).toEqual([3, 2, 1]);
});
