import type { RecommendedAction, ReviewRequest } from "@/api/types";

/** Why an action needs two people, by the policy table of docs/desk.md. */
export const FOUR_EYES_REASON: Record<RecommendedAction, string> = {
  clear: "Clearing a case that was rated critical needs two approvals.",
  lock_account: "This review needs two approvals.",
  refund_charges: "A refund of this size, or of an unknown sum, needs two approvals.",
  lock_and_refund: "Locking and refunding needs two approvals.",
};

/** Whether two people must approve `action`, by what the review itself says. */
export function needsFourEyes(review: ReviewRequest, action: RecommendedAction): boolean {
  if (review.four_eyes_actions != null) return review.four_eyes_actions.includes(action);
  return action !== "clear" && review.approvals_required > 1;
}
