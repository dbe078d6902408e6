import {
  CASE_STATES,
  type CaseKind,
  type CaseOutcome,
  type CaseState,
  type Disposition,
  type RiskLevel,
  type Severity,
} from "@/api/types";
import { CASE_KINDS } from "@/shared/kinds/kinds";
import { OUTCOME } from "@/shared/format/labels";

export const SORTS = ["-opened", "opened", "due", "-due", "-score", "score", "-updated", "updated"] as const;
export type Sort = (typeof SORTS)[number];
export const DEFAULT_SORT: Sort = "-opened";

export const RISK_LEVELS: readonly RiskLevel[] = ["critical", "high", "medium", "low"];
export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low"];
export const DISPOSITIONS: readonly Disposition[] = ["confirmed_fraud", "false_positive", "inconclusive"];
export const OUTCOMES = Object.keys(OUTCOME) as readonly CaseOutcome[];

/** The query of the queue: part of the URL, so that it can be shared, and of saved views. */
export interface QueueQuery {
  kind?: CaseKind;
  state?: readonly CaseState[];
  risk_level?: RiskLevel;
  severity?: Severity;
  outcome?: CaseOutcome;
  disposition?: Disposition;
  rule?: string;
  customer_id?: number;
  /** `me`, `none`, or a person's subject. */
  assignee?: string;
  /** Whose it is: `me`, `none` for the pool, or a person's subject. */
  assigned_to?: string;
  /** Only snoozed cases, or only others. */
  snoozed?: boolean;
  /** Only cases under a legal hold, or only others. */
  legal_hold?: boolean;
  min_score?: number;
  /** Counted from now, so that a saved view stays true. */
  opened_within_hours?: number;
  opened_over_hours?: number;
  due_within_hours?: number;
  overdue?: true;
  q?: string;
  sort?: Sort;
}

/** What can be understood of an address or a saved view; the rest is left out. */
export function parseQueueQuery(raw: Record<string, unknown>): QueueQuery {
  const customer = numberOf(raw["customer_id"]);
  const score = numberOf(raw["min_score"]);
  const found: { [Name in keyof QueueQuery]: QueueQuery[Name] | undefined } = {
    kind: CASE_KINDS.find((known) => known === raw["kind"]),
    state: listOf(CASE_STATES, raw["state"]),
    risk_level: RISK_LEVELS.find((known) => known === raw["risk_level"]),
    severity: SEVERITIES.find((known) => known === raw["severity"]),
    outcome: OUTCOMES.find((known) => known === raw["outcome"]),
    disposition: DISPOSITIONS.find((known) => known === raw["disposition"]),
    rule: textOf(raw["rule"]),
    customer_id: customer !== undefined && Number.isInteger(customer) && customer > 0 ? customer : undefined,
    assignee: textOf(raw["assignee"]),
    assigned_to: textOf(raw["assigned_to"]),
    snoozed: booleanOf(raw["snoozed"]),
    legal_hold: booleanOf(raw["legal_hold"]),
    min_score: score !== undefined && score > 0 && score <= 1 ? score : undefined,
    opened_within_hours: hoursOf(raw["opened_within_hours"]),
    opened_over_hours: hoursOf(raw["opened_over_hours"]),
    due_within_hours: hoursOf(raw["due_within_hours"]),
    overdue: raw["overdue"] === true || raw["overdue"] === "true" ? true : undefined,
    q: textOf(raw["q"]),
    sort: SORTS.find((known) => known === raw["sort"] && known !== DEFAULT_SORT),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

function listOf<T extends string>(known: readonly T[], value: unknown): readonly T[] | undefined {
  const given = Array.isArray(value) ? value : [value];
  const found = known.filter((name) => given.includes(name));
  return found.length === 0 ? undefined : found;
}

const textOf = (value: unknown): string | undefined => {
  // An address that says `q=42` is read as a number.
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text.trim() !== "" ? text : undefined;
};

const booleanOf = (value: unknown): boolean | undefined =>
  [true, false].find((known) => known === value || String(known) === value);

const numberOf = (value: unknown): number | undefined => {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
};

const MOST_HOURS = 10_000;

const hoursOf = (value: unknown): number | undefined => {
  const hours = numberOf(value);
  return hours !== undefined && Number.isInteger(hours) && hours > 0 && hours <= MOST_HOURS
    ? hours
    : undefined;
};

/** The query as the server is asked it. */
export const toApiQuery = ({ state, sort, ...plain }: QueueQuery) => ({
  ...plain,
  state: [...(state ?? [])],
  sort: sort ?? DEFAULT_SORT,
});

/** How many filters are set; the order and the words are none. */
export const filterCount = (query: QueueQuery): number =>
  Object.keys(query).filter((name) => name !== "sort" && name !== "q").length;

/** Whether two queries ask for the same, whatever the order of their parts. */
export const sameQuery = (one: QueueQuery, other: QueueQuery): boolean =>
  canonicalQuery(one) === canonicalQuery(other);

/** One spelling per query, for comparisons and for keys. */
export const canonicalQuery = (query: QueueQuery): string =>
  JSON.stringify(Object.entries(parseQueueQuery({ ...query })).sort(([a], [b]) => a.localeCompare(b)));
