import type { RiskAssessment, Round, TelemetryEvent } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { isAssessed, whyNotAssessed } from "@/shared/cases/assessment";
import { ACTION, SPECIALIST } from "@/shared/format/labels";
import { formatScore } from "@/shared/format/numbers";
import { ChevronRightIcon } from "@/shared/ui/icons";
import { Panel } from "@/shared/ui/Panel";
import { levelOf, ScoreMeter } from "@/shared/ui/ScoreMeter";
import { Time } from "@/shared/ui/Time";
import { AssessmentBody } from "./AssessmentPanel";
import classes from "./EarlierRounds.module.css";
import { FindingList } from "./FindingList";

interface EarlierRoundsProps {
  rounds: readonly Round[];
  /** Of the alerts. */
  events: readonly TelemetryEvent[];
  threshold: number;
  onOpenEvidence: (evidenceId: string) => void;
}

/** What was concluded before, and what a person answered. Newest first, folded. */
export function EarlierRounds({ rounds, ...rest }: EarlierRoundsProps) {
  if (rounds.length === 0) return null;
  return (
    <Panel title="Earlier rounds" flush>
      {rounds.toReversed().map((round) => (
        <EarlierRound key={round.round} round={round} {...rest} />
      ))}
    </Panel>
  );
}

function roundSummary(assessment: RiskAssessment): string {
  if (!isAssessed(assessment)) return `not assessed: ${whyNotAssessed(assessment)}`;
  const action = assessment.recommended_action;
  const recommended =
    action === null ? "nothing recommended" : `recommended “${ACTION[action].toLowerCase()}”`;
  return `risk ${formatScore(assessment.overall_risk_score)}, ${recommended}`;
}

interface EarlierRoundProps extends Omit<EarlierRoundsProps, "rounds"> {
  round: Round;
}

function EarlierRound({ round, events, threshold, onOpenEvidence }: EarlierRoundProps) {
  const { assessment, decision } = round;
  const nameOf = useActorName();
  return (
    <div className={classes["round"]}>
      {decision?.feedback && (
        <blockquote className={classes["feedback"]}>
          <p>{decision.feedback}</p>
          <footer>
            {nameOf(decision.decided_by)} rejected round {round.round} · <Time at={decision.decided_at} />
          </footer>
        </blockquote>
      )}
      <details className={classes["details"]}>
        <summary>
          <span className={classes["chevron"]}>
            <ChevronRightIcon size={14} />
          </span>
          Round {round.round}
          {assessment && <span className={classes["gist"]}>{roundSummary(assessment)}</span>}
        </summary>
        <div className={classes["content"]}>
          {assessment && <AssessmentBody assessment={assessment} threshold={threshold} />}
          <div className={classes["reports"]}>
            {round.reports.map((report) => (
              <section
                key={report.specialist}
                aria-label={`${SPECIALIST[report.specialist]}, round ${round.round}`}
              >
                <h3>{SPECIALIST[report.specialist]}</h3>
                <ScoreMeter score={report.risk_score} level={levelOf(report.risk_score, threshold)} />
                {report.reason !== null && <p>{report.reason}</p>}
                {report.trimmed != null && <p>{report.trimmed}</p>}
                <FindingList report={report} events={events} onOpenEvidence={onOpenEvidence} />
              </section>
            ))}
          </div>
        </div>
      </details>
    </div>
  );
}
