import { Button } from "@mantine/core";
import { errorMessage } from "@/shared/api/problem";
import { useActorName, useIdentity } from "@/shared/api/session";
import formClasses from "./ApprovalForm.module.css";
import classes from "./WithdrawApproval.module.css";
import { useWithdrawApproval } from "./withdraw-approval";

/** The first approver withdraws the approval; they cannot give the second one. */
export function WithdrawApproval({ caseId }: { caseId: string }) {
  const withdraw = useWithdrawApproval(caseId);
  const nameOf = useActorName();
  const me = useIdentity()?.subject;
  return (
    <>
      <p className={classes["note"]}>
        You cannot approve what you proposed yourself, {nameOf(me ?? "")}: another person must agree.
      </p>
      <Button
        fullWidth
        variant="default"
        className={formClasses["approve"] ?? ""}
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
