import { Button } from "@mantine/core";
import type { FraudCaseView, ReviewRequest } from "@/api/types";
import { useActorName, useIdentity } from "@/shared/api/session";
import { useNow } from "@/shared/use-now";
import { ApprovalForm } from "./ApprovalForm";
import classes from "./DecisionPanel.module.css";
import { approval, rejection, type useSubmitDecision } from "./submit-decision";
import type { DecisionDraftState } from "./decision-draft";
import { impliedDisposition } from "./reason-codes";
import { UnsentDraft } from "./UnsentDraft";
import { RejectionForm } from "./RejectionForm";
import { ProposalSummary } from "./ProposalSummary";
import { SecondApproval } from "./SecondApproval";
import { type DecisionPermission, decisionPermission } from "./decision-permission";

interface OpenReviewProps {
  view: FraudCaseView;
  review: ReviewRequest;
  form: DecisionDraftState;
  decide: ReturnType<typeof useSubmitDecision>;
  /** What is on screen is not what was read. */
  locked: boolean;
}

/** The ways to decide the open review, for those who may. */
export function OpenReview({ view, review, form, decide, locked }: OpenReviewProps) {
  const permission = decisionPermission(view, review, useIdentity(), useNow());
  const { proposal } = view;
  const { draft, change, clear } = form;
  const sending = decide.isPending;
  const send = (body: Parameters<typeof decide.mutate>[0]) => decide.mutate(body, { onSuccess: clear });
  return (
    <>
      {proposal !== null && <ProposalSummary proposal={proposal} review={review} />}
      {permission.kind !== "allowed" ? (
        <>
          <ReadOnly permission={permission} />
          <UnsentDraft draft={draft} />
        </>
      ) : draft.rejecting ? (
        <div className={classes["rejecting"]}>
          <RejectionForm
            view={view}
            form={form}
            sending={sending}
            locked={locked}
            onReject={() => send(rejection(review, draft, impliedDisposition("reject", undefined)))}
          />
        </div>
      ) : (
        <>
          {proposal === null ? (
            <ApprovalForm
              view={view}
              review={review}
              form={form}
              sending={sending}
              locked={locked}
              onApprove={(action, refunds) => send(approval(review, action, draft, refunds))}
            />
          ) : (
            <SecondApproval
              view={view}
              review={review}
              proposal={proposal}
              form={form}
              sending={sending}
              locked={locked}
              onApprove={(action) =>
                send(
                  approval(
                    review,
                    action,
                    withDisposition(draft, proposal.disposition),
                    proposal.refunds ?? undefined,
                  ),
                )
              }
            />
          )}
          <Button variant="default" fullWidth onClick={() => change({ rejecting: true })} disabled={sending}>
            Reject with feedback
          </Button>
        </>
      )}
    </>
  );
}

/** The second person agrees with the first one's disposition until choosing another. */
const withDisposition = (
  draft: DecisionDraftState["draft"],
  disposition: DecisionDraftState["draft"]["disposition"] | null,
) => ({
  ...draft,
  disposition: draft.disposition ?? disposition ?? undefined,
});

/** Why a person may not decide now. */
export function ReadOnly({ permission }: { permission: Exclude<DecisionPermission, { kind: "allowed" }> }) {
  const nameOf = useActorName();
  const sentence =
    permission.kind === "assigned"
      ? `${nameOf(permission.assignee)} works on this case: only they can decide it now.`
      : permission.required === "analyst"
        ? "You can read this case; an analyst decides it."
        : `Only a ${permission.required} can decide this case: it was escalated.`;
  return (
    <p className={classes["readOnly"]} role="status">
      {sentence}
    </p>
  );
}
