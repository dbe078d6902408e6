import type { CaseAction, ReviewRequest } from "@/api/types";

/** Whether two people must approve `action`, according to the review. */
export function needsFourEyes(review: ReviewRequest, action: CaseAction): boolean {
  if (review.four_eyes_actions != null) return review.four_eyes_actions.includes(action);
  return action !== "clear" && review.approvals_required > 1;
}
