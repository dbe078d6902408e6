import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import type { ReplyCaseView, ReviewRequest } from "@/api/types";
import { useRequiredFields } from "@/shared/api/required-fields";
import { useIdentity } from "@/shared/api/session";
import { focusSection, useFocusAfterAnswer } from "@/shared/focus";
import { Panel } from "@/shared/ui/Panel";
import { useNow } from "@/shared/use-now";
import { DecisionError } from "./DecisionError";
import classes from "./DecisionPanel.module.css";
import { type DecisionDraftState, useDecisionDraft } from "./decision-draft";
import { decisionPermission } from "./decision-permission";
import { missingFields } from "./missing-fields";
import { MissingFields } from "./MissingFields";
import { DecisionFacts } from "./ReviewStatusNote";
import { ReadOnly } from "./OpenReview";
import { editedReplyApproval, replyApproval, rejection, useSubmitDecision } from "./submit-decision";
import { ReplyEditor } from "./ReplyEditor";
import { useReloadCase } from "./reload-case";
import { UnsentDraft } from "./UnsentDraft";

const LONGEST_FEEDBACK = 4_000;

/**
 * Whether a reply may be sent.
 *
 * The answer is bound to the draft that was on screen: when another one takes its place, nothing is sent before the
 * reader has looked at it. What was typed stays.
 */
export function ReplyDecisionPanel({ view }: { view: ReplyCaseView }) {
  const { review } = view;
  const [seen, setSeen] = useState<ReviewRequest | null>(review);
  const form = useDecisionDraft(view.case_id, review?.review_id);
  const decide = useSubmitDecision(view.case_id);
  // The first question of this page: nothing was read yet.
  if (review !== null && seen === null) setSeen(review);
  const answered = decide.data?.status === "accepted" && decide.variables?.review_id === review?.review_id;
  const changed = review !== null && seen !== null && seen.assessment_hash !== review.assessment_hash;
  const open = review !== null && !answered;
  useFocusAfterAnswer("decision", !open && (decide.isPending || decide.isSuccess));
  const adopt = () => {
    setSeen(review);
    decide.reset();
    form.moveTo(review?.review_id);
  };
  const reload = useReloadCase(view, "reply", adopt);
  return (
    <Panel title="Decision" id="decision">
      {decide.isError && <DecisionError error={decide.error} reload={reload} />}
      {changed && (
        <div className={classes["stale"]} role="alert">
          <p>Another draft took the place of the one that you read. What you typed is kept.</p>
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              adopt();
              focusSection("reply");
            }}
          >
            Look at the new draft
          </Button>
        </div>
      )}
      {open ? (
        <Answer view={view} review={review} form={form} decide={decide} locked={changed} />
      ) : (
        <Outcome view={view} />
      )}
    </Panel>
  );
}

interface AnswerProps {
  view: ReplyCaseView;
  review: ReviewRequest;
  form: DecisionDraftState;
  decide: ReturnType<typeof useSubmitDecision>;
  locked: boolean;
}

function Answer({ view, review, form, decide, locked }: AnswerProps) {
  const permission = decisionPermission(view, review, useIdentity(), useNow());
  const { draft, change, clear } = form;
  const [empty, setEmpty] = useState(false);
  const toSend = missingFields(useRequiredFields("send"), draft, undefined);
  const toSendEdited = missingFields(useRequiredFields("send_edited"), draft, undefined);
  const toReject = missingFields(useRequiredFields("reject_reply"), draft, undefined);
  const sending = decide.isPending;
  if (permission.kind !== "allowed") {
    return (
      <>
        <ReadOnly permission={permission} />
        <UnsentDraft draft={draft} />
      </>
    );
  }
  const answer = (body: Parameters<typeof decide.mutate>[0]) => decide.mutate(body, { onSuccess: clear });
  if (draft.rejecting) {
    return (
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const nothing = draft.feedback.trim() === "";
          setEmpty(nothing);
          if (!nothing && !locked && toReject.length === 0) answer(rejection(review, draft));
        }}
      >
        <Textarea
          label="Why may it not be sent?"
          description="The customer is told that the message was rejected; your words stay on record."
          value={draft.feedback}
          onChange={(event) => change({ feedback: event.currentTarget.value })}
          error={empty && "Say why it may not be sent."}
          maxLength={LONGEST_FEEDBACK}
          required
          autoFocus
          disabled={sending}
        />
        <MissingFields missing={toReject} />
        <div className={classes["replyButtons"]}>
          <Button variant="default" onClick={() => change({ rejecting: false })} disabled={sending}>
            Back
          </Button>
          <Button type="submit" loading={sending} disabled={locked || toReject.length > 0}>
            Reject the reply
          </Button>
        </div>
      </form>
    );
  }
  const comment = (
    <Textarea
      label="Comment"
      value={draft.comment}
      onChange={(event) => change({ comment: event.currentTarget.value })}
      maxLength={LONGEST_FEEDBACK}
      disabled={sending}
    />
  );
  const written = view.draft?.text ?? "";
  const { text } = draft;
  if (text !== undefined) {
    const unchanged = text === written || text.trim() === "";
    return (
      <div className={classes["replyButtons"]}>
        <ReplyEditor
          draft={written}
          value={text}
          disabled={sending}
          onChange={(typed) => change({ text: typed })}
        />
        {comment}
        <MissingFields missing={toSendEdited} />
        <Button
          loading={sending}
          disabled={locked || unchanged || toSendEdited.length > 0}
          onClick={() => answer(editedReplyApproval(review, draft, text))}
        >
          Approve: send what I wrote
        </Button>
        <Button variant="default" onClick={() => change({ text: undefined })} disabled={sending}>
          Back to the draft
        </Button>
      </div>
    );
  }
  return (
    <div className={classes["replyButtons"]}>
      {comment}
      <MissingFields missing={toSend} />
      <Button
        loading={sending}
        disabled={locked || toSend.length > 0}
        onClick={() => answer(replyApproval(review, draft))}
      >
        Approve: send the reply
      </Button>
      <Button variant="default" onClick={() => change({ text: written })} disabled={sending || locked}>
        Edit and approve…
      </Button>
      <Button variant="default" onClick={() => change({ rejecting: true })} disabled={sending}>
        Reject…
      </Button>
    </div>
  );
}

function Outcome({ view }: { view: ReplyCaseView }) {
  const last = view.decisions.at(-1);
  if (last !== undefined) return <DecisionFacts decision={last} />;
  return (
    <p className={classes["note"]} role="status">
      {view.outcome === null
        ? "Nobody is asked yet: the reply is being drafted."
        : "Nobody decided in time: nothing was sent."}
    </p>
  );
}
