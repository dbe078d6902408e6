import { Button, Modal, Radio } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import type { CaseView, RecommendedAction } from "@/api/types";
import { ACTION } from "@/shared/format/words";
import { LockIcon } from "@/shared/ui/icons";
import { Tag } from "@/shared/ui/Tag";
import classes from "./ApproveForm.module.css";
import { consequenceOf, isPossible } from "./consequence";

const ACTIONS: readonly RecommendedAction[] = ["lock_account", "refund_charges", "lock_and_refund", "clear"];

interface ApproveFormProps {
  view: CaseView;
  sending: boolean;
  onApprove: (action: RecommendedAction) => void;
}

/** Choose what to approve, then confirm its exact consequence. */
export function ApproveForm({ view, sending, onApprove }: ApproveFormProps) {
  const recommended = view.assessment?.recommended_action;
  const [action, setAction] = useState<RecommendedAction | undefined>(recommended);
  const [confirming, { open, close }] = useDisclosure(false);
  return (
    <>
      <Radio.Group
        label="Action to approve"
        value={action ?? null}
        onChange={(value) => setAction(value)}
        classNames={{ label: classes["legend"] ?? "" }}
      >
        <div className={classes["options"]}>
          {ACTIONS.map((option) => (
            <Radio
              key={option}
              value={option}
              size="xs"
              disabled={sending || !isPossible(option, view)}
              classNames={{ root: classes["option"] ?? "", body: classes["optionBody"] ?? "" }}
              label={
                <span className={classes["optionLabel"]}>
                  {ACTION[option]}
                  {option === recommended && <Tag tone="accent">Recommended</Tag>}
                </span>
              }
              {...(!isPossible(option, view) && {
                description: "The assessment names no charges to refund.",
              })}
            />
          ))}
        </div>
      </Radio.Group>
      <Button
        fullWidth
        className={classes["approve"] ?? ""}
        onClick={open}
        loading={sending}
        disabled={action === undefined || !isPossible(action, view)}
      >
        {action === undefined ? "Choose an action" : `Approve: ${ACTION[action].toLowerCase()}…`}
      </Button>
      {action !== undefined && (
        <Modal
          opened={confirming}
          onClose={close}
          title={<strong>Approve and carry out?</strong>}
          size={420}
          closeButtonProps={{ "aria-label": "Cancel the approval" }}
        >
          <div className={classes["consequence"]} data-acts={action !== "clear"}>
            {action !== "clear" && <LockIcon size={18} />}
            <p>{consequenceOf(action, view)}</p>
          </div>
          <p className={classes["note"]}>
            It is done at once and recorded under your name with what you saw.
          </p>
          <div className={classes["buttons"]}>
            <Button variant="default" onClick={close} data-autofocus>
              Cancel
            </Button>
            <Button
              color={action === "clear" ? "petrol" : "red"}
              onClick={() => {
                close();
                onApprove(action);
              }}
            >
              {ACTION[action]}
            </Button>
          </div>
        </Modal>
      )}
    </>
  );
}
