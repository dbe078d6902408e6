import { useState } from "react";
import type { CaseEvent, FraudCaseView, ReviewRequest, RiskAssessment } from "@/api/types";
import { useRequiredFields } from "@/shared/api/required-fields";
import { useIdentity } from "@/shared/api/session";
import { focusSection, useFocusAfterAnswer } from "@/shared/focus";
import { isAssessed, whyNotAssessed } from "@/shared/cases/assessment";
import { formatScore } from "@/shared/format/numbers";
import { RISK } from "@/shared/format/labels";
import { Panel } from "@/shared/ui/Panel";
import { Tag } from "@/shared/ui/Tag";
import { DueIn } from "@/shared/ui/Time";
import { StaleReviewBanner } from "./StaleReviewBanner";
import { ReviewDeadline } from "./ReviewDeadline";
import classes from "./DecisionPanel.module.css";
import { useSubmitDecision } from "./submit-decision";
import { draftOf, useDecisionDraft } from "./decision-draft";
import { UnsentDraft } from "./UnsentDraft";
import { ReviewStatusNote } from "./ReviewStatusNote";
import { OpenReview } from "./OpenReview";
import { DecisionError } from "./DecisionError";
import { HeldDecision } from "./HeldDecision";
import { isSameReview, useReloadCase } from "./reload-case";

interface DecisionPanelProps {
  view: FraudCaseView;
  events?: readonly CaseEvent[] | undefined;
}

/**
 * The review of a case, and its decision.
 *
 * A decision is bound to the assessment that was on screen (optimistic locking): when another review opens meanwhile,
 * the panel says so and sends nothing until the reader has looked at it. What was typed stays.
 */
export function DecisionPanel({ view, events = [] }: DecisionPanelProps) {
  const { review } = view;
  const [seen, setSeen] = useState<ReviewRequest | null>(review);
  /** The review that the page has shown as closed by the reader's own answer. */
  const [closed, setClosed] = useState<string>();
  const decide = useSubmitDecision(view.case_id);
  const form = useDecisionDraft(view.case_id, review?.review_id);
  const me = useIdentity()?.subject;

  const answeredHere = decide.data?.status === "accepted" && decide.variables?.review_id === seen?.review_id;
  // The stream may tell of the reader's own answer before the request that gave it is answered.
  const answering = decide.isPending || answeredHere;
  if (review !== null && (seen === null || (answeredHere && !isSameReview(seen, review)))) {
    // The first review, or the one that follows the reader's own decision: nothing was read yet.
    setSeen(review);
    decide.reset();
    form.begin(review.review_id);
  }

  const answer = answeredHere ? decide.variables : undefined;
  const mustChoose = useRequiredFields(answer?.action ?? undefined).includes("disposition");
  const answeredReview = answering ? decide.variables?.review_id : undefined;
  if (review === null && answeredReview !== undefined && closed !== answeredReview) setClosed(answeredReview);
  if (review !== null && answeredReview === undefined && closed !== undefined) setClosed(undefined);
  if (answer !== undefined && review !== null && closed === review.review_id) {
    // It was taken back, here or in another tab: the same question is open again.
    setClosed(undefined);
    form.restore(review.review_id, draftOf(answer, mustChoose));
    decide.reset();
  }

  // Who gave the first of two approvals waits for the second: its coming is no surprise.
  const agreed = view.decisions.some(
    ({ review_id, approvals }) =>
      review_id === seen?.review_id && approvals?.some(({ approved_by }) => approved_by === me),
  );
  const changed = seen !== null && !answering && !agreed && !isSameReview(seen, review);
  const adopt = () => {
    setSeen(review);
    decide.reset();
    form.moveTo(review?.review_id);
  };
  const reload = useReloadCase(view, "assessment", adopt);
  const open = review !== null && !answeredHere;
  const held = review === null ? view.hold : null;
  useFocusAfterAnswer("decision", answering && !open);
  return (
    <Panel title="Decision" id="decision" aside={review !== null && <ReviewTags review={review} />}>
      {open && view.assessment !== null && !changed && <AssessmentSummary assessment={view.assessment} />}
      {changed && (
        <StaleReviewBanner
          view={view}
          seen={seen}
          onShow={() => {
            adopt();
            if (review !== null) focusSection("assessment");
          }}
        />
      )}
      {decide.isError && <DecisionError error={decide.error} reload={reload} />}
      {form.older !== undefined && (
        <UnsentDraft
          draft={form.older}
          title="Unsent draft for another review"
          {...(open && { onUse: form.adoptOlder })}
          onDrop={form.discardOlder}
        />
      )}
      {open ? (
        <>
          <OpenReview view={view} review={review} form={form} decide={decide} locked={changed} />
          <ReviewDeadline view={view} review={review} events={events} />
        </>
      ) : (
        <>
          {held !== null && (
            <HeldDecision
              view={view}
              hold={held}
              onWithdrawn={(about, draft) => {
                decide.reset();
                form.restore(about, draft);
              }}
            />
          )}
          {!changed && held === null && <ReviewStatusNote view={view} answer={answer} events={events} />}
          {!answering && <UnsentDraft draft={form.draft} />}
        </>
      )}
    </Panel>
  );
}

/** The assessment that the review is about, so that both are in view together. */
function AssessmentSummary({ assessment }: { assessment: RiskAssessment }) {
  const assessed = isAssessed(assessment);
  const level = assessed ? assessment.risk_level : null;
  return (
    <div className={classes["assessment"]}>
      <span className={`tabular ${classes["score"] ?? ""}`}>
        {formatScore(assessed ? assessment.overall_risk_score : null)}
      </span>
      {level !== null && <Tag tone={RISK[level].tone}>{RISK[level].label}</Tag>}
      {!assessed && <span>Not assessed: {whyNotAssessed(assessment)}, and nothing is proposed.</span>}
    </div>
  );
}

function ReviewTags({ review }: { review: ReviewRequest }) {
  return (
    <>
      {review.required_role !== "analyst" && <Tag tone="high">Needs a {review.required_role}</Tag>}
      <span className={classes["due"]}>
        <DueIn at={review.due_at} />
      </span>
    </>
  );
}
