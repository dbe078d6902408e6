import { Skeleton } from "@mantine/core";
import type { Specialist, SpecialistReport, SpecialistState, TelemetryEvent } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { formatDuration } from "@/shared/format/time";
import { SPECIALIST, SPECIALIST_STATE } from "@/shared/format/labels";
import { BillingIcon, LocationIcon, UsageIcon } from "@/shared/ui/icons";
import { ModelName } from "@/shared/ui/ModelName";
import { levelOf, ScoreMeter } from "@/shared/ui/ScoreMeter";
import { Tag } from "@/shared/ui/Tag";
import { useNow } from "@/shared/use-now";
import { FindingList } from "./FindingList";
import { SpendFacts } from "./SpendFacts";
import classes from "./SpecialistCard.module.css";

const ICON = { usage: UsageIcon, location: LocationIcon, billing: BillingIcon };

export interface SpecialistCardProps {
  specialist: Specialist;
  state: SpecialistState;
  report: SpecialistReport | undefined;
  /** The case went to review: a late report no longer changes it. */
  investigationOver?: boolean;
  /** When it began, for the running clock. */
  startedAt?: string | undefined;
  /** Why running work is paused. */
  pausedBecause?: string;
  threshold: number;
  /** Of the alerts. */
  events: readonly TelemetryEvent[];
  onOpenEvidence: (evidenceId: string) => void;
}

/** One specialist: its state as it works, then what it found and on which evidence. */
export function SpecialistCard(props: SpecialistCardProps) {
  const { specialist, state, report, startedAt, pausedBecause, threshold, events, onOpenEvidence } = props;
  const missing = props.investigationOver === true && report === undefined;
  const interrupted = state === "running" && !missing && pausedBecause !== undefined;
  const word = missing ? NO_REPORT : interrupted ? INTERRUPTED : SPECIALIST_STATE[state];
  const Icon = ICON[specialist];
  return (
    <article
      className={classes["card"]}
      data-state={missing || interrupted ? "interrupted" : state}
      aria-label={`${SPECIALIST[specialist]} specialist`}
    >
      <header className={classes["head"]}>
        <Icon size={16} />
        <h3 className={classes["name"]}>{SPECIALIST[specialist]}</h3>
        <span className={classes["status"]} role="status">
          {state === "running" && !missing && !interrupted && startedAt !== undefined && (
            <Elapsed since={startedAt} />
          )}
          <Tag tone={word.tone} dot>
            {word.label}
          </Tag>
        </span>
      </header>
      {missing ? (
        <p className={classes["reason"]}>The case went on without a report of this specialist.</p>
      ) : report === undefined ? (
        <Waiting state={state} pausedBecause={pausedBecause} />
      ) : (
        <>
          {report.status === "ok" && (
            <ScoreMeter
              score={report.risk_score}
              level={levelOf(report.risk_score, threshold)}
              threshold={threshold}
              label={`${SPECIALIST[specialist]} risk score`}
            />
          )}
          {report.reason !== null && <p className={classes["reason"]}>{report.reason}</p>}
          {report.trimmed != null && <p className={classes["reason"]}>{report.trimmed}</p>}
          {report.feedback_answer != null && (
            <p className={classes["answer"]}>
              <strong>To the feedback:</strong> {report.feedback_answer}
            </p>
          )}
          <FindingList report={report} events={events} onOpenEvidence={onOpenEvidence} />
          <Footer report={report} />
        </>
      )}
    </article>
  );
}

const NO_REPORT = { label: "No report", tone: "warn" } as const;
const INTERRUPTED = { label: "Interrupted", tone: "warn" } as const;

function Waiting({ state, pausedBecause }: { state: SpecialistState; pausedBecause: string | undefined }) {
  if (state === "running" && pausedBecause !== undefined) {
    return <p className={classes["reason"]}>It had started, and is paused: {pausedBecause}.</p>;
  }
  if (state === "pending") return <p className={classes["reason"]}>Has not started yet.</p>;
  if (state !== "running") return <p className={classes["reason"]}>Its report is on the way.</p>;
  return (
    <div className={classes["working"]}>
      <Skeleton height={10} />
      <Skeleton height={10} width="82%" />
      <Skeleton height={10} width="64%" />
    </div>
  );
}

function Elapsed({ since }: { since: string }) {
  const now = useNow();
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
  return (
    <span className={`tabular ${classes["elapsed"] ?? ""}`} aria-hidden="true">
      {seconds} s
    </span>
  );
}

function Footer({ report }: { report: SpecialistReport }) {
  const failed = report.tool_calls.filter((call) => !call.ok).length;
  const calls = `${report.tool_calls.length} tool call${report.tool_calls.length === 1 ? "" : "s"}`;
  return (
    <footer className={classes["foot"]}>
      <span className="tabular">{formatDuration(report.duration_ms)}</span>
      <span className="tabular">{formatNumber(report.tokens)} tokens</span>
      <span>
        {calls}
        {failed > 0 && `, ${failed} failed`}
      </span>
      <SpendFacts spend={report.spend} promptVersion={report.prompt_version} />
      <ModelName model={report.model} host={report.model_host} />
    </footer>
  );
}
