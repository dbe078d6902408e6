import type { CaseView, Decision } from "@/api/types";
import { useStandstill, WHY_STILL } from "@/shared/api/service";
import { useActorName } from "@/shared/api/session";
import { ACTION, LABEL, outcomeWord, takenBack } from "@/shared/format/words";
import { formatAge } from "@/shared/format/time";
import { useNow } from "@/shared/use-now";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import classes from "./DecisionPanel.module.css";
import type { DecisionBody } from "./decide";
import { reasonWords } from "./draft";

interface NoQuestionProps {
  view: CaseView;
  /** The reader's own answer, while it takes effect. */
  answer: DecisionBody | undefined;
}

/** What stands in place of the question: how it ended, or what is going on. */
export function NoQuestion({ view, answer }: NoQuestionProps) {
  const now = useNow();
  const still = useStandstill();
  if (view.outcome !== null) return <Closed view={view} outcome={view.outcome} />;
  const idle = now - Date.parse(view.opened_at);
  if (answer === undefined && still === undefined && hasNotBegun(view) && idle > SOON_MS) {
    return (
      <p className={classes["note"]} role="status">
        Nothing to decide yet: this investigation has not started for {formatAge(view.opened_at, now)}. It
        starts as soon as a worker takes it.
      </p>
    );
  }
  return (
    <p className={classes["note"]} role="status">
      {still === undefined
        ? answer === undefined
          ? WAITING[view.state]
          : RECORDED[answer.verdict]
        : standingStill(view.state, answer, WHY_STILL[still])}
    </p>
  );
}

const SOON_MS = 60_000;

/** Whether no specialist of the first round is, or was, at work. */
function hasNotBegun({ state, round, progress, reports }: CaseView): boolean {
  const states = Object.values(progress.specialists);
  return (
    state === "investigating" &&
    round === 1 &&
    reports.length === 0 &&
    states.every((each) => each === "pending")
  );
}

function Closed({ view, outcome }: { view: CaseView; outcome: NonNullable<CaseView["outcome"]> }) {
  const last = view.decisions.at(-1);
  const standing = outcomeWord(outcome, takenBack(view.reversals));
  return (
    <div className={classes["closed"]}>
      <Tag tone={standing.tone} dot>
        {standing.label}
      </Tag>
      {outcome === "unresolved" && (
        <p className={classes["loud"]}>
          Nobody decided in time. Nothing was done in the account: look at the customer by other means.
        </p>
      )}
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

/** Who decided what, and why. */
function DecisionFacts({ decision }: { decision: Decision }) {
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
        {decision.label != null && <Tag tone={LABEL[decision.label].tone}>{LABEL[decision.label].label}</Tag>}
        {decision.reason_code !== null && (
          <Tag>{reasonWords(decision.reason_code) ?? decision.reason_code}</Tag>
        )}
      </div>
      {words != null && <p className={classes["words"]}>“{words}”</p>}
    </>
  );
}

const RECORDED: Record<DecisionBody["verdict"], string> = {
  approve: "Your decision is recorded and is being carried out.",
  reject: "Your feedback is recorded. The specialists look again; the next question appears here.",
};

/** The same while nothing goes on: what is recorded waits, and goes on by itself. */
function standingStill(state: CaseView["state"], answer: DecisionBody | undefined, why: string): string {
  const later = "This goes on by itself when that is over.";
  if (answer?.verdict === "approve") {
    return `Your decision is recorded. It is not carried out yet, because ${why}. ${later}`;
  }
  if (answer?.verdict === "reject") {
    return `Your feedback is recorded. The specialists have not looked again yet, because ${why}. ${later}`;
  }
  return state === "investigating"
    ? `Nothing to decide yet: the investigation stands still, because ${why}. ${later}`
    : `The decision was taken. It is not carried out yet, because ${why}. ${later}`;
}

const WAITING: Record<CaseView["state"], string> = {
  investigating:
    "Nothing to decide yet: the specialists are at work. The question appears here when they are done.",
  awaiting_review: "The decision was taken and is being carried out.",
  escalated: "The decision was taken and is being carried out.",
  acting: "The approved action is being carried out.",
  closed: "This case is closed.",
};
