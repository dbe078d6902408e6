import type { QueueCounts } from "@/api/types";
import type { QueueQuery } from "@/shared/queue/query";

export interface DefaultView {
  name: string;
  query: QueueQuery;
  countOf: (counts: QueueCounts) => number;
}

const WAITING = ["awaiting_review", "escalated"] as const;

const inStates = ({ states }: QueueCounts, ...names: string[]): number =>
  names.reduce((sum, name) => sum + (states[name] ?? 0), 0);

/** The views that everybody has. */
export const DEFAULT_VIEWS: readonly DefaultView[] = [
  { name: "All", query: {}, countOf: (counts) => inStates(counts, ...Object.keys(counts.states)) },
  {
    name: "To decide",
    query: { state: WAITING, sort: "due" },
    countOf: (counts) => inStates(counts, ...WAITING),
  },
  {
    name: "Unclaimed",
    query: { state: WAITING, assignee: "none", sort: "due" },
    countOf: (counts) => counts.unclaimed,
  },
  { name: "Mine", query: { assignee: "me", sort: "due" }, countOf: (counts) => counts.mine },
  {
    name: "Overdue",
    query: { state: WAITING, overdue: true, sort: "due" },
    countOf: (counts) => counts.overdue,
  },
  {
    name: "Escalated",
    query: { state: ["escalated"], sort: "due" },
    countOf: (counts) => inStates(counts, "escalated"),
  },
];
