import type { CaseEvent, FraudCaseView, OrchestrationFailed } from "@/api/types";

/** After so many failures since a person decided last, the orchestration is retried once an hour only. */
const HOURLY_RETRIES_FROM = 3;

/** A sentence on why a stalled case may react late; undefined for any other case. */
export function retryDelayNote(
  { decisions }: FraudCaseView,
  events: readonly CaseEvent[],
): string | undefined {
  const last = events.findLast(isFailure);
  const decided = decisions.at(-1)?.decided_at;
  if (last === undefined || (decided !== undefined && Date.parse(last.at) < Date.parse(decided)))
    return undefined;
  const { failures } = last.data;
  if (failures < HOURLY_RETRIES_FROM) return undefined;
  return `The investigation failed ${failures} times and is retried once an hour: this may come late.`;
}

function isFailure(event: CaseEvent): event is CaseEvent & { data: OrchestrationFailed } {
  return event.type === "orchestration_failed";
}
