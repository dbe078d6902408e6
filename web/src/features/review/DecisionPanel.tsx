import { Button } from "@mantine/core";
import { useState } from "react";
import type { CaseView, ReviewRequest, RiskAssessment } from "@/api/types";
import { useActorName } from "@/shared/api/config";
import { formatScore } from "@/shared/format/numbers";
import { OUTCOME, RISK } from "@/shared/format/words";
import { Panel } from "@/shared/ui/Panel";
import { Tag } from "@/shared/ui/Tag";
import { DueIn, Time } from "@/shared/ui/Time";
import { ApproveForm } from "./ApproveForm";
import classes from "./DecisionPanel.module.css";
import { type DecisionBody, useDecide } from "./decide";
import { Refusal } from "./Refusal";
import { RejectForm } from "./RejectForm";

interface DecisionPanelProps {
  view: CaseView;
}

/**
 * The question to a person, and the answer.
 *
 * An answer is bound to what its reader saw: when the case asks another question meanwhile, the panel
 * says so and takes no answer until the reader has looked at the new one.
 */
export function DecisionPanel({ view }: DecisionPanelProps) {
  const { review } = view;
  const [seen, setSeen] = useState<ReviewRequest | null>(review);
  const decide = useDecide(view.case_id);

  const answeredHere = decide.isSuccess && decide.variables.review_id === seen?.review_id;
  if (seen === null ? review !== null : answeredHere && review !== null && !isSame(seen, review)) {
    // The first question, or the one that follows the reader's own answer: nothing was read yet.
    setSeen(review);
    decide.reset();
  }

  const changed = seen !== null && !answeredHere && !isSame(seen, review);
  const adopt = () => {
    setSeen(review);
    decide.reset();
  };
  return (
    <Panel title="Decision" aside={review !== null && <ReviewTags review={review} />}>
      {review !== null && view.assessment !== null && !changed && !answeredHere && (
        <Verdict assessment={view.assessment} />
      )}
      {changed && <ChangedBanner view={view} onShow={adopt} />}
      {decide.isError && <Refusal error={decide.error} onReload={adopt} />}
      {review !== null && !answeredHere && !changed ? (
        <OpenReview
          key={`${review.review_id} ${review.assessment_hash}`}
          view={view}
          review={review}
          decide={decide}
        />
      ) : (
        !changed && <NoQuestion view={view} answer={answeredHere ? decide.variables : undefined} />
      )}
    </Panel>
  );
}

/** The judgement that the question is about, so that both are in view together. */
function Verdict({ assessment }: { assessment: RiskAssessment }) {
  const { label, tone } = RISK[assessment.risk_level];
  return (
    <div className={classes["verdict"]}>
      <span className={`tabular ${classes["score"] ?? ""}`}>
        {formatScore(assessment.overall_risk_score)}
      </span>
      <Tag tone={tone}>{label}</Tag>
    </div>
  );
}

const isSame = (seen: ReviewRequest, now: ReviewRequest | null): boolean =>
  now !== null && seen.review_id === now.review_id && seen.assessment_hash === now.assessment_hash;

function ReviewTags({ review }: { review: ReviewRequest }) {
  return (
    <>
      {review.required_role !== "analyst" && <Tag tone="high">Needs a {review.required_role}</Tag>}
      <span className={classes["due"]}>
        <DueIn at={review.due_at} /> left
      </span>
    </>
  );
}

interface OpenReviewProps {
  view: CaseView;
  review: ReviewRequest;
  decide: ReturnType<typeof useDecide>;
}

function OpenReview({ view, review, decide }: OpenReviewProps) {
  const [rejecting, setRejecting] = useState(false);
  const binding = { review_id: review.review_id, assessment_hash: review.assessment_hash };
  if (rejecting) {
    return (
      <RejectForm
        view={view}
        sending={decide.isPending}
        onCancel={() => setRejecting(false)}
        onReject={(feedback) => decide.mutate({ ...binding, verdict: "reject", feedback })}
      />
    );
  }
  return (
    <>
      <ApproveForm
        view={view}
        sending={decide.isPending}
        onApprove={(action) => decide.mutate({ ...binding, verdict: "approve", action })}
      />
      <Button variant="default" fullWidth onClick={() => setRejecting(true)} disabled={decide.isPending}>
        Reject with feedback
      </Button>
    </>
  );
}

function ChangedBanner({ view, onShow }: { view: CaseView; onShow: () => void }) {
  return (
    <div className={classes["changed"]} role="alert">
      <p>{whatChanged(view, useActorName())}</p>
      <Button size="xs" variant="default" onClick={onShow}>
        Show it as it is now
      </Button>
    </div>
  );
}

function whatChanged(view: CaseView, nameOf: (actor: string) => string): string {
  const last = view.decisions.at(-1);
  if (view.review !== null) {
    return `This case moved on while you were reading: it is in round ${view.round} with another assessment.`;
  }
  if (last !== undefined) {
    const verdict = last.verdict === "approve" ? "approved" : "rejected";
    return `${nameOf(last.decided_by)} ${verdict} this case while you were reading.`;
  }
  return "This case was decided while you were reading.";
}

interface NoQuestionProps {
  view: CaseView;
  /** The reader's own answer, while it takes effect. */
  answer: DecisionBody | undefined;
}

function NoQuestion({ view, answer }: NoQuestionProps) {
  const nameOf = useActorName();
  if (view.outcome !== null) {
    const last = view.decisions.at(-1);
    return (
      <div className={classes["closed"]}>
        <Tag tone={OUTCOME[view.outcome].tone} dot>
          {OUTCOME[view.outcome].label}
        </Tag>
        <p className={classes["note"]}>
          {last === undefined ? (
            "No person was asked: every guard rail held."
          ) : (
            <>
              Decided by {nameOf(last.decided_by)}, <Time at={last.decided_at} />.
            </>
          )}
        </p>
      </div>
    );
  }
  return (
    <p className={classes["note"]} role="status">
      {answer === undefined ? WAITING[view.state] : RECORDED[answer.verdict]}
    </p>
  );
}

const RECORDED: Record<DecisionBody["verdict"], string> = {
  approve: "Your decision is recorded and is being carried out.",
  reject: "Your feedback is recorded. The specialists look again; the next question appears here.",
};

const WAITING: Record<CaseView["state"], string> = {
  investigating:
    "Nothing to decide yet: the specialists are at work. The question appears here when they are done.",
  awaiting_review: "The decision was taken and is being carried out.",
  escalated: "The decision was taken and is being carried out.",
  acting: "The approved action is being carried out.",
  closed: "This case is closed.",
};
