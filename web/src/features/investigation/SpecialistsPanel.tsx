import { SPECIALISTS, type CaseEvent, type FraudCaseView } from "@/api/types";
import { alertEvents } from "@/shared/cases/alert-events";
import { useOutage, OUTAGE_REASON } from "@/shared/api/service";
import { Panel } from "@/shared/ui/Panel";
import { SpecialistCard } from "./SpecialistCard";
import classes from "./SpecialistsPanel.module.css";

interface SpecialistsPanelProps {
  view: FraudCaseView;
  events: readonly CaseEvent[] | undefined;
  threshold: number;
  onOpenEvidence: (evidenceId: string) => void;
}

/** The three specialists of the current round, side by side, as they work. */
export function SpecialistsPanel({ view, events = [], threshold, onOpenEvidence }: SpecialistsPanelProps) {
  const outage = useOutage();
  const finished = SPECIALISTS.filter((name) => view.reports.some((report) => report.specialist === name));
  // A round that only reopens the review has no reports of its own.
  const reported = view.state === "investigating" ? undefined : view.reports.at(0)?.round;
  const round = reported ?? view.round;
  const asked = view.earlier_rounds.find((earlier) => earlier.round === round - 1)?.decision?.feedback;
  return (
    <Panel
      title="Specialists"
      flush
      aside={
        <span className={classes["count"]}>
          Round {round} · {finished.length} of {SPECIALISTS.length} reported
          {round < view.round && ` · not asked again in round ${view.round}`}
        </span>
      }
    >
      {asked && (
        <p className={classes["asked"]}>
          <span>Asked after round {round - 1}</span> “{asked}”
        </p>
      )}
      <div className={classes["columns"]}>
        {SPECIALISTS.map((name) => {
          const report = view.reports.find(({ specialist }) => specialist === name);
          return (
            <SpecialistCard
              key={name}
              specialist={name}
              state={report?.status ?? view.progress.specialists[name] ?? "pending"}
              report={report}
              investigationOver={view.state !== "investigating"}
              startedAt={startOf(events, name, round)}
              {...(outage !== undefined && { pausedBecause: OUTAGE_REASON[outage] })}
              threshold={threshold}
              events={alertEvents(view)}
              onOpenEvidence={onOpenEvidence}
            />
          );
        })}
      </div>
    </Panel>
  );
}

function startOf(events: readonly CaseEvent[], specialist: string, round: number): string | undefined {
  return events.findLast(
    ({ type, data }) =>
      type === "specialist_started" && data["specialist"] === specialist && data["round"] === round,
  )?.at;
}
