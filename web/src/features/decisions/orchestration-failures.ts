import type { CaseEvent, CaseView } from "@/api/types";

/** With so many breaks since a person decided last, the casebook starts the case once an hour only. */
const MOST_BREAKS = 3;

/** Why what happens by itself in this case may come late: a sentence; undefined while it goes on as usual. */
export function retryDelayNote({ decisions }: CaseView, events: readonly CaseEvent[]): string | undefined {
  const last = events.findLast(({ type }) => type === "orchestration_failed");
  const decided = decisions.at(-1)?.decided_at;
  if (last === undefined || (decided !== undefined && Date.parse(last.at) < Date.parse(decided)))
    return undefined;
  const breaks = Number(last.data["breaks"] ?? 0);
  if (breaks < MOST_BREAKS) return undefined;
  return `The investigation broke ${breaks} times and is tried again once an hour: this may come late.`;
}
