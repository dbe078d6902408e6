import type { CaseEvent, FraudCaseView, Decision } from "@/api/types";
import { useOutage, OUTAGE_REASON } from "@/shared/api/service";
import { useActorName } from "@/shared/api/session";
import { hasCompletedEffect, hasUnconfirmedEffect } from "@/shared/cases/effect-status";
import { ACTION, EFFECT, DISPOSITION, outcomeLabel, doneReversals } from "@/shared/format/labels";
import { formatAge } from "@/shared/format/time";
import { useNow } from "@/shared/use-now";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { retryDelayNote } from "./orchestration-failures";
import classes from "./DecisionPanel.module.css";
import type { DecisionRequest } from "./submit-decision";
import { reasonLabel } from "./reason-codes";

interface ReviewStatusNoteProps {
  view: FraudCaseView;
  /** The reader's own answer, while it takes effect. */
  answer: DecisionRequest | undefined;
  events?: readonly CaseEvent[];
}

/** What is shown where no review is open: how the case ended, or what is going on. */
export function ReviewStatusNote({ view, answer, events = [] }: ReviewStatusNoteProps) {
  const now = useNow();
  const outage = useOutage();
  if (view.outcome !== null) return <Closed view={view} outcome={view.outcome} />;
  const idle = now - Date.parse(view.opened_at);
  if (answer === undefined && outage === undefined && hasNotStarted(view) && idle > SLOW_START_MS) {
    return (
      <p className={classes["note"]} role="status">
        Nothing to decide yet: this investigation has not started for {formatAge(view.opened_at, now)}. It
        starts as soon as a worker takes it.
      </p>
    );
  }
  const last = view.decisions.at(-1);
  const retryNote = answer === undefined && outage === undefined ? retryDelayNote(view, events) : undefined;
  return (
    <div className={classes["status"]}>
      <p className={classes["note"]} role="status">
        {outage !== undefined
          ? pausedNote(view.state, answer, OUTAGE_REASON[outage])
          : hasUnconfirmedEffect(view)
            ? EFFECT_UNCONFIRMED
            : answer === undefined
              ? WAITING[view.state]
              : RECORDED[answer.verdict]}
        {retryNote !== undefined && ` ${retryNote}`}
      </p>
      {view.state === "acting" && last !== undefined && <DecisionFacts decision={last} />}
    </div>
  );
}

const SLOW_START_MS = 60_000;

/** Whether no specialist of the first round is, or was, at work. */
function hasNotStarted({ state, round, progress, reports }: FraudCaseView): boolean {
  const states = Object.values(progress.specialists);
  return (
    state === "investigating" &&
    round === 1 &&
    reports.length === 0 &&
    states.every((each) => each === "pending")
  );
}

function Closed({ view, outcome }: { view: FraudCaseView; outcome: NonNullable<FraudCaseView["outcome"]> }) {
  const last = view.decisions.at(-1);
  const label = outcomeLabel(outcome, doneReversals(view.reversals));
  const warning = warningOf(view, outcome);
  return (
    <div className={classes["status"]}>
      <Tag tone={label.tone} dot>
        {label.label}
      </Tag>
      {warning !== undefined && <p className={classes["warning"]}>{warning}</p>}
      {last === undefined ? (
        outcome === "auto_cleared" && (
          <p className={classes["note"]}>No person was asked: every guard rail held.</p>
        )
      ) : (
        <DecisionFacts decision={last} />
      )}
    </div>
  );
}

/** What a person must check after the case closed, because the worker no longer does. */
function warningOf(view: FraudCaseView, outcome: NonNullable<FraudCaseView["outcome"]>): string | undefined {
  if (hasUnconfirmedEffect(view)) {
    const unconfirmed = view.effects
      .filter(({ status }) => status === "unknown")
      .map(({ action }) => EFFECT[action]);
    return `Nobody knows whether this was done: ${unconfirmed.join(", ").toLowerCase()}. The customer store never confirmed it, and nobody looks any more: look at the account yourself.`;
  }
  if (outcome === "failed") return "What was approved was not carried out: the customer store refused it.";
  if (outcome !== "unresolved") return undefined;
  const last = view.decisions.at(-1);
  const rejected = last?.verdict === "reject" && last.review_id.endsWith(`:r${view.round}`);
  const why = rejected ? "The last assessment was rejected." : "Nobody decided in time.";
  const done = hasCompletedEffect(view)
    ? "What had been done in the account stands, and nothing more was done"
    : "Nothing was done in the account";
  return `${why} ${done}: look at the customer by other means.`;
}

/** Who decided what, and why. */
export function DecisionFacts({ decision }: { decision: Decision }) {
  const nameOf = useActorName();
  const approvers = decision.approvals?.map(({ approved_by }) => nameOf(approved_by));
  const people = approvers?.join(" and ") ?? nameOf(decision.decided_by);
  const words = decision.comment ?? decision.feedback;
  return (
    <>
      <p className={classes["note"]}>
        Decided by {people}, <Time at={decision.decided_at} />.
      </p>
      <div className={classes["tags"]}>
        {decision.action !== null && <Tag>{ACTION[decision.action]}</Tag>}
        {decision.disposition != null && (
          <Tag tone={DISPOSITION[decision.disposition].tone}>{DISPOSITION[decision.disposition].label}</Tag>
        )}
        {decision.reason_code !== null && (
          <Tag>{reasonLabel(decision.reason_code) ?? decision.reason_code}</Tag>
        )}
      </div>
      {words != null && <p className={classes["comment"]}>“{words}”</p>}
    </>
  );
}

const RECORDED: Record<DecisionRequest["verdict"], string> = {
  approve: "Your decision is recorded and is being carried out.",
  reject: "Your feedback is recorded. The specialists look again; the next review opens here.",
};

/** The same during an outage: recorded work waits, and continues automatically. */
function pausedNote(state: FraudCaseView["state"], answer: DecisionRequest | undefined, why: string): string {
  const later = "This goes on by itself when that is over.";
  if (answer?.verdict === "approve") {
    return `Your decision is recorded. It is not carried out yet, because ${why}. ${later}`;
  }
  if (answer?.verdict === "reject") {
    return `Your feedback is recorded. The specialists have not looked again yet, because ${why}. ${later}`;
  }
  return state === "investigating"
    ? `Nothing to decide yet: the investigation is paused, because ${why}. ${later}`
    : `The decision was taken. It is not carried out yet, because ${why}. ${later}`;
}

const EFFECT_UNCONFIRMED =
  "It is not certain yet whether the approved action was done: the customer store has not confirmed it. Its ledger is read until it is certain, then the case goes on.";

const WAITING: Record<FraudCaseView["state"], string> = {
  investigating:
    "Nothing to decide yet: the specialists are at work. The review opens here when they are done.",
  awaiting_review: "The decision was taken and is being carried out.",
  escalated: "The decision was taken and is being carried out.",
  acting: "The approved action is being carried out.",
  closed: "This case is closed.",
};
