import type { RecommendedAction, ReviewRequest } from "@/api/types";

/** Why an action needs two people, by the policy table of docs/desk.md. */
export const FOUR_EYES_REASON: Record<RecommendedAction, string> = {
  clear: "Clearing what was rated critical takes two people.",
  lock_account: "This review asks for two people.",
  refund_charges: "A refund of this size, or of an unknown sum, takes two people.",
  lock_and_refund: "Locking and refunding takes two people.",
};

/** Whether two people must approve `action`, by what the review itself says. */
export function needsFourEyes(review: ReviewRequest, action: RecommendedAction): boolean {
  if (review.four_eyes_actions != null) return review.four_eyes_actions.includes(action);
  return action !== "clear" && review.approvals_required > 1;
}
