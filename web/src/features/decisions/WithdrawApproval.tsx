import { Button } from "@mantine/core";
import { useActorName, useIdentity } from "@/shared/api/session";
import { RefusedChange } from "@/shared/ui/RefusedChange";
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
      <RefusedChange of={[withdraw]} className={classes["error"]} />
    </>
  );
}
