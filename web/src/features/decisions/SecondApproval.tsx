import { Button } from "@mantine/core";
import type { CaseView, Proposal } from "@/api/types";
import { useExecutionNote } from "@/shared/api/service";
import { useIdentity } from "@/shared/api/session";
import { ACTION } from "@/shared/format/labels";
import { ApprovalDialog } from "./ApprovalDialog";
import classes from "./ApprovalForm.module.css";
import type { DecisionDraftState } from "./decision-draft";
import { isApprover } from "./decision-permission";
import { DispositionFields } from "./DispositionFields";
import { impliedDisposition } from "./reason-codes";
import { WithdrawApproval } from "./WithdrawApproval";

interface SecondApprovalProps {
  view: CaseView;
  proposal: Proposal;
  form: DecisionDraftState;
  sending: boolean;
  locked: boolean;
  onApprove: (action: Proposal["action"]) => void;
}

/** The second person's part, or the way back for the first. */
export function SecondApproval({ view, proposal, form, sending, locked, onApprove }: SecondApprovalProps) {
  const me = useIdentity()?.subject;
  const executionNote = useExecutionNote();
  if (isApprover(proposal, me)) return <WithdrawApproval caseId={view.case_id} />;
  return (
    <>
      <DispositionFields
        form={form}
        implied={proposal.disposition ?? impliedDisposition("approve", proposal.action)}
        disabled={sending}
        withComment
      />
      <ApprovalDialog
        key={`${proposal.review_id} ${proposal.action}`}
        view={view}
        action={proposal.action}
        title="Give the second approval?"
        note={`${executionNote} It is recorded under both names with what you saw.`}
        sending={sending}
        disabled={locked}
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
            Approve as second: {ACTION[proposal.action].toLowerCase()}…
          </Button>
        )}
      </ApprovalDialog>
    </>
  );
}
