import { Button } from "@mantine/core";
import type { FraudCaseView, Proposal, RecommendedAction, ReviewRequest } from "@/api/types";
import { useExecutionNote } from "@/shared/api/service";
import { useIdentity } from "@/shared/api/session";
import { isFraudAction } from "@/shared/format/actions";
import { ACTION } from "@/shared/format/labels";
import { ApprovalDialog } from "./ApprovalDialog";
import classes from "./ApprovalForm.module.css";
import type { DecisionDraftState } from "./decision-draft";
import { isApprover } from "./decision-permission";
import { DispositionFields } from "./DispositionFields";
import { DryRun } from "./DryRun";
import { usePreview } from "./preview-action";
import { impliedDisposition } from "./reason-codes";
import { WithdrawApproval } from "./WithdrawApproval";

interface SecondApprovalProps {
  view: FraudCaseView;
  review: ReviewRequest;
  proposal: Proposal;
  form: DecisionDraftState;
  sending: boolean;
  locked: boolean;
  onApprove: (action: RecommendedAction) => void;
}

interface SecondApprovalFormProps extends SecondApprovalProps {
  action: RecommendedAction;
}

/** The second person's part, or the way back for the first. */
export function SecondApproval(props: SecondApprovalProps) {
  const me = useIdentity()?.subject;
  if (isApprover(props.proposal, me)) return <WithdrawApproval caseId={props.view.case_id} />;
  const { action } = props.proposal;
  return isFraudAction(action) ? <SecondApprovalForm {...props} action={action} /> : null;
}

function SecondApprovalForm({
  view,
  review,
  proposal,
  action,
  form,
  sending,
  locked,
  onApprove,
}: SecondApprovalFormProps) {
  const executionNote = useExecutionNote(action);
  const preview = usePreview(view.case_id, review, {
    action,
    refunds: proposal.refunds ?? undefined,
  });
  return (
    <>
      <DryRun preview={preview} />
      <DispositionFields
        form={form}
        implied={proposal.disposition ?? impliedDisposition("approve", action)}
        disabled={sending}
        withComment
      />
      <ApprovalDialog
        key={`${proposal.review_id} ${proposal.action}`}
        view={view}
        action={action}
        title="Give the second approval?"
        note={`${executionNote} It is recorded under both names with what you saw.`}
        sending={sending}
        disabled={locked}
        refunds={proposal.refunds}
        dryRun={<DryRun preview={preview} />}
        onConfirm={onApprove}
      >
        {(open) => (
          <Button
            fullWidth
            className={classes["approve"] ?? ""}
            onClick={open}
            loading={sending}
            disabled={locked}
          >
            Approve as second: {ACTION[action].toLowerCase()}…
          </Button>
        )}
      </ApprovalDialog>
    </>
  );
}
