import type { CaseSummary } from "@/api/types";
import { isSnoozed } from "@/shared/cases/snooze";
import { DEFAULT_SORT, type QueueQuery } from "./query";

const HOUR = 3_600_000;

/** Whether a case matches the query, as far as a page can tell; words are searched by the server alone. */
export function matchesQuery(query: QueueQuery, item: CaseSummary, me: string, now: number): boolean {
  const age = (now - Date.parse(item.opened_at)) / HOUR;
  const left = item.due_at === null ? Infinity : (Date.parse(item.due_at) - now) / HOUR;
  return (
    (query.state === undefined || query.state.includes(item.state)) &&
    is(query.kind, item.kind) &&
    is(query.risk_level, item.risk_level) &&
    is(query.severity, item.severity) &&
    is(query.outcome, item.outcome) &&
    is(query.disposition, item.disposition) &&
    is(query.rule, item.rule_id) &&
    is(query.customer_id, item.customer_id) &&
    (query.min_score === undefined || (item.risk_score ?? -1) >= query.min_score) &&
    (query.snoozed === undefined || query.snoozed === isSnoozed(item.snooze, now)) &&
    (query.legal_hold === undefined || query.legal_hold === (item.legal_hold !== null)) &&
    hasAssignee(query.assignee, item, me, now) &&
    isNamed(query.assigned_to, item.assignment?.assigned_to, me) &&
    age <= (query.opened_within_hours ?? Infinity) &&
    age > (query.opened_over_hours ?? -Infinity) &&
    (query.due_within_hours === undefined || left < query.due_within_hours) &&
    (query.overdue === undefined || left <= 0)
  );
}

const is = <T>(asked: T | undefined, value: T | null): boolean => asked === undefined || asked === value;

function hasAssignee(assignee: string | undefined, { claim }: CaseSummary, me: string, now: number): boolean {
  if (assignee === undefined) return true;
  const holder = claim !== null && Date.parse(claim.expires_at) > now ? claim.assignee : undefined;
  return isNamed(assignee, holder, me);
}

/** Whether it is the person that is asked for: `me`, `none`, or a subject. */
const isNamed = (asked: string | undefined, person: string | undefined, me: string): boolean =>
  asked === undefined || person === (asked === "none" ? undefined : asked === "me" ? me : asked);

type Value = number | null;

const VALUE: Record<string, (item: CaseSummary) => Value> = {
  opened: (item) => Date.parse(item.opened_at),
  updated: (item) => Date.parse(item.updated_at),
  due: (item) => (item.due_at === null ? null : Date.parse(item.due_at)),
  score: (item) => item.risk_score,
};

/** The order of the list; cases without the value come last, whichever way it runs. */
export function compareBy(sort: QueueQuery["sort"]): (one: CaseSummary, other: CaseSummary) => number {
  const name = sort ?? DEFAULT_SORT;
  const down = name.startsWith("-");
  const valueOf = VALUE[name.replace("-", "")];
  return (one, other) => {
    const [a, b] = [valueOf?.(one) ?? null, valueOf?.(other) ?? null];
    if (a === b) return 0;
    if (a === null) return 1;
    if (b === null) return -1;
    return down ? b - a : a - b;
  };
}
