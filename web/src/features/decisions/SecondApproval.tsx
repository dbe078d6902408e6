import { Button } from "@mantine/core";
import type { CaseView, Proposal, ReviewRequest } from "@/api/types";
import { errorMessage } from "@/shared/api/problem";
import { useExecutionNote } from "@/shared/api/service";
import { useActorName, useIdentity, usePeople } from "@/shared/api/session";
import { ACTION, DISPOSITION } from "@/shared/format/labels";
import { CheckIcon, PeopleIcon } from "@/shared/ui/icons";
import { Person } from "@/shared/ui/Person";
import { Time } from "@/shared/ui/Time";
import { ApprovalDialog } from "./ApprovalDialog";
import { useWithdrawApproval } from "./submit-decision";
import { type DecisionDraftState, impliedDisposition } from "./decision-draft";
import { DispositionFields } from "./DispositionFields";
import classes from "./SecondApproval.module.css";
import { isApprover, missingApprovers } from "./decision-permission";

interface ProposalBoxProps {
  proposal: Proposal;
  review: ReviewRequest;
}

/** What one person approved, and who is missing. */
export function ProposalBox({ proposal, review }: ProposalBoxProps) {
  const missing = missingApprovers(usePeople(), proposal, review).map(({ name }) => name);
  return (
    <div className={classes["box"]}>
      <h3 className={classes["title"]}>
        <PeopleIcon size={15} /> {ACTION[proposal.action]} needs two people
      </h3>
      <ol className={classes["people"]}>
        {proposal.approvals.map((approval) => (
          <li key={approval.approved_by}>
            <span className={classes["given"]}>
              <CheckIcon size={13} />
            </span>
            <span className={classes["who"]}>
              <Person subject={approval.approved_by} />
              <span className={classes["when"]}>
                approved at <Time at={approval.approved_at} format="minute" />
              </span>
            </span>
            {approval.comment != null && <p className={classes["comment"]}>“{approval.comment}”</p>}
          </li>
        ))}
        <li>
          <span className={classes["missing"]} aria-hidden="true" />
          <span>
            Second approval missing
            {missing.length > 0 && <span className={classes["when"]}>: {oneOf(missing)}</span>}
          </span>
        </li>
      </ol>
      {proposal.disposition != null && (
        <p className={classes["label"]}>Judged as: {DISPOSITION[proposal.disposition].label}</p>
      )}
    </div>
  );
}

const oneOf = (names: readonly string[]): string =>
  new Intl.ListFormat("en", { type: "disjunction" }).format(names);

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
  const whenDone = useExecutionNote();
  if (isApprover(proposal, me)) return <OwnProposal caseId={view.case_id} />;
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
        title="Approve as the second person?"
        note={`${whenDone} It is recorded under both names with what you saw.`}
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

function OwnProposal({ caseId }: { caseId: string }) {
  const withdraw = useWithdrawApproval(caseId);
  const nameOf = useActorName();
  const me = useIdentity()?.subject;
  return (
    <>
      <p className={classes["own"]}>
        You cannot approve what you proposed yourself, {nameOf(me ?? "")}: another person must agree.
      </p>
      <Button
        fullWidth
        variant="default"
        className={classes["approve"] ?? ""}
        onClick={() => withdraw.mutate()}
        loading={withdraw.isPending}
      >
        Withdraw my approval
      </Button>
      {withdraw.isError && (
        <p className={classes["error"]} role="alert">
          {errorMessage(withdraw.error)}
        </p>
      )}
    </>
  );
}
