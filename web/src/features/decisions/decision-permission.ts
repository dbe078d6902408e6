import type { CommonCase, Identity, Proposal, ReviewRequest, Role } from "@/api/types";
import { mayActAs } from "@/shared/api/session";

/** Whether a person may decide the open review, and what prevents it. */
export type DecisionPermission =
  | { kind: "allowed" }
  /** The review asks for another role: escalated cases need a manager. */
  | { kind: "role"; required: Role }
  /** Another person is the assignee. */
  | { kind: "assigned"; assignee: string };

export function decisionPermission(
  view: CommonCase,
  review: ReviewRequest,
  me: Identity | null,
  now: number,
): DecisionPermission {
  const { claim } = view;
  if (!mayActAs(me, review.required_role)) return { kind: "role", required: review.required_role };
  const isAssigned = claim !== null && claim.assignee !== me?.subject && Date.parse(claim.expires_at) > now;
  return isAssigned ? { kind: "assigned", assignee: claim.assignee } : { kind: "allowed" };
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
