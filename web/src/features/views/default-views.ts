import type { QueueCounts } from "@/api/types";
import type { QueueQuery } from "@/shared/queue/query";

export interface DefaultView {
  name: string;
  query: QueueQuery;
  countOf: (counts: QueueCounts) => number;
}

const WAITING = ["awaiting_review", "escalated"] as const;

const awake = ({ states, snoozed }: QueueCounts, ...names: string[]): number =>
  inStates({ states }, ...names) - inStates({ states: snoozed }, ...names);

const inStates = ({ states }: Pick<QueueCounts, "states">, ...names: string[]): number =>
  names.reduce((sum, name) => sum + (states[name] ?? 0), 0);

/** The views that everybody has. */
export const DEFAULT_VIEWS: readonly DefaultView[] = [
  { name: "All", query: {}, countOf: (counts) => inStates(counts, ...Object.keys(counts.states)) },
  {
    name: "To decide",
    query: { state: WAITING, snoozed: false, sort: "due" },
    countOf: (counts) => awake(counts, ...WAITING),
  },
  {
    name: "Unclaimed",
    query: { state: WAITING, assignee: "none", snoozed: false, sort: "due" },
    countOf: (counts) => counts.unclaimed,
  },
  { name: "Mine", query: { assignee: "me", sort: "due" }, countOf: (counts) => counts.mine },
  {
    name: "Assigned to me",
    query: { assigned_to: "me", sort: "due" },
    countOf: (counts) => counts.assigned,
  },
  {
    name: "Overdue",
    query: { state: WAITING, overdue: true, sort: "due" },
    countOf: (counts) => counts.overdue,
  },
  {
    name: "Escalated",
    query: { state: ["escalated"], snoozed: false, sort: "due" },
    countOf: (counts) => awake(counts, "escalated"),
  },
  {
    name: "Snoozed",
    query: { snoozed: true, sort: "due" },
    countOf: ({ snoozed }) => inStates({ states: snoozed }, ...WAITING),
  },
];
