import type { CaseView, Identity, Proposal, ReviewRequest, Role } from "@/api/types";
import { mayActAs } from "@/shared/api/session";

/** What stands between a person and an answer to the open question. */
export type DecisionPermission =
  | { kind: "may" }
  /** The question asks for another role: escalated cases want a manager. */
  | { kind: "role"; required: Role }
  /** Somebody else works on the case. */
  | { kind: "held"; by: string };

export function decisionPermission(
  view: CaseView,
  review: ReviewRequest,
  me: Identity | null,
  now: number,
): DecisionPermission {
  const { claim } = view;
  if (!mayActAs(me, review.required_role)) return { kind: "role", required: review.required_role };
  const held = claim !== null && claim.assignee !== me?.subject && Date.parse(claim.expires_at) > now;
  return held ? { kind: "held", by: claim.assignee } : { kind: "may" };
}

/** Whether `subject` gave one of the approvals. */
export const isApprover = (proposal: Proposal, subject: string | undefined): boolean =>
  proposal.approvals.some(({ approved_by }) => approved_by === subject);

/** Those who can still agree: of the role that is asked for, and not among those who did. */
export const missingApprovers = (
  people: readonly Identity[],
  proposal: Proposal,
  review: ReviewRequest,
): readonly Identity[] =>
  people.filter((person) => mayActAs(person, review.required_role) && !isApprover(proposal, person.subject));
