import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";
import type { FraudCaseView, ChosenRefund, RecommendedAction } from "@/api/types";
import { ACTION } from "@/shared/format/labels";
import { LockIcon } from "@/shared/ui/icons";
import { Dialog } from "@/shared/ui/Dialog";
import classes from "./ApprovalDialog.module.css";
import { consequenceOf } from "./consequence";

interface ApprovalDialogProps {
  view: FraudCaseView;
  action: RecommendedAction | undefined;
  title: string;
  note: string;
  sending: boolean;
  disabled: boolean;
  /** What is refunded, where it was chosen. */
  refunds?: readonly ChosenRefund[] | null | undefined;
  /** The dry run of it. */
  dryRun?: ReactNode;
  onConfirm: (action: RecommendedAction) => void;
  children: (open: () => void) => ReactNode;
}

/** The last step before an approval: what exactly it will do. */
export function ApprovalDialog(props: ApprovalDialogProps) {
  const { view, action, title, note, disabled, refunds, dryRun, onConfirm, children } = props;
  const [confirming, { open, close }] = useDisclosure(false);
  return (
    <>
      {children(open)}
      {action !== undefined && (
        <Dialog
          opened={confirming && !disabled}
          onClose={close}
          title={<strong>{title}</strong>}
          size={420}
          closeButtonProps={{ "aria-label": "Cancel the approval" }}
        >
          <div className={classes["consequence"]} data-acts={action !== "clear"}>
            {action !== "clear" && <LockIcon size={18} />}
            <p>{consequenceOf(action, view, refunds)}</p>
          </div>
          {dryRun}
          <p className={classes["note"]}>{note}</p>
          <div className={classes["buttons"]}>
            <Button variant="default" onClick={close} data-autofocus>
              Cancel
            </Button>
            <Button
              color={action === "clear" ? "petrol" : "red"}
              onClick={() => {
                close();
                onConfirm(action);
              }}
            >
              {ACTION[action]}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
