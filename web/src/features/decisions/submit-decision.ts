import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import type { ChosenRefund, Disposition, RecommendedAction, ReviewRequest } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { DecisionDraft } from "./decision-draft";
import { impliedDisposition } from "./reason-codes";

export type DecisionRequest = components["schemas"]["DecisionRequest"];

const decide = async (body: DecisionRequest) => bodyOf(await api.POST("/api/workflow/decision", { body }));

/** Submits a decision on one review. Whatever the result, the case on the page is fetched again. */
export function useSubmitDecision(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: decide,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}

const bindingOf = ({ review_id, assessment_hash }: ReviewRequest) => ({ review_id, assessment_hash });

const dispositionOf = (disposition: DecisionDraft["disposition"]) =>
  disposition === undefined ? {} : { disposition };

const reasonOf = ({ reason }: DecisionDraft) => (reason === undefined ? {} : { reason_code: reason });

/** An approval, bound to the question that was read. */
export function approval(
  review: ReviewRequest,
  action: RecommendedAction,
  draft: DecisionDraft,
  refunds?: readonly ChosenRefund[],
): DecisionRequest {
  const comment = draft.comment.trim();
  return {
    ...bindingOf(review),
    verdict: "approve",
    action,
    ...dispositionOf(draft.disposition ?? impliedDisposition("approve", action)),
    ...reasonOf(draft),
    ...(comment !== "" && { comment }),
    ...(refunds != null && { refunds: [...refunds] }),
  };
}

/** An approval of a reply as it is drafted, bound to the question that was read. */
export function replyApproval(review: ReviewRequest, draft: DecisionDraft): DecisionRequest {
  const comment = draft.comment.trim();
  return { ...bindingOf(review), verdict: "approve", action: "send", ...(comment !== "" && { comment }) };
}

/** An approval of what the person wrote instead of the draft, bound to the draft that was read. */
export const editedReplyApproval = (
  review: ReviewRequest,
  draft: DecisionDraft,
  text: string,
): DecisionRequest => ({ ...replyApproval(review, draft), action: "send_edited", text });

/** A rejection, bound to the question that was read. */
export const rejection = (
  review: ReviewRequest,
  draft: DecisionDraft,
  disposition?: Disposition,
): DecisionRequest => ({
  ...bindingOf(review),
  verdict: "reject",
  feedback: draft.feedback.trim(),
  ...dispositionOf(draft.disposition ?? disposition),
  ...reasonOf(draft),
});
