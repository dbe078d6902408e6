import { Button, Radio } from "@mantine/core";
import type { CaseView, RecommendedAction, ReviewRequest } from "@/api/types";
import { needsTwo, WHY_TWO } from "@/shared/desk/four-eyes";
import { useWhenDone } from "@/shared/api/service";
import { recommendationOf } from "@/shared/desk/judged";
import { ACTION } from "@/shared/format/words";
import { PeopleIcon } from "@/shared/ui/icons";
import { Tag } from "@/shared/ui/Tag";
import classes from "./ApproveForm.module.css";
import { ConfirmApproval } from "./ConfirmApproval";
import { isPossible } from "./consequence";
import { type DraftState, impliedLabel, saysWhy } from "./draft";
import { JudgementFields } from "./JudgementFields";

const ACTIONS: readonly RecommendedAction[] = ["lock_account", "refund_charges", "lock_and_refund", "clear"];

interface ApproveFormProps {
  view: CaseView;
  review: ReviewRequest;
  form: DraftState;
  sending: boolean;
  /** What is on screen is not what was read: nothing may be sent. */
  locked: boolean;
  onApprove: (action: RecommendedAction) => void;
}

/** Choose what to approve, say what the case was, then confirm the exact consequence. */
export function ApproveForm({ view, review, form, sending, locked, onApprove }: ApproveFormProps) {
  const recommended = recommendationOf(view.assessment) ?? undefined;
  const action = form.draft.action ?? recommended;
  const possible = action !== undefined && isPossible(action, view);
  const two = action !== undefined && needsTwo(review, action);
  const overrules = recommended !== undefined && action !== recommended;
  const unexplained = overrules && !saysWhy(form.draft);
  const disabled = !possible || locked || unexplained;
  const whenDone = useWhenDone();
  return (
    <>
      <Radio.Group
        label="Action to approve"
        value={action ?? null}
        onChange={(value) => form.change({ action: value })}
        classNames={{ label: classes["legend"] ?? "" }}
      >
        <div className={classes["options"]}>
          {ACTIONS.map((option) => (
            <ActionOption
              key={option}
              option={option}
              recommended={option === recommended}
              two={needsTwo(review, option)}
              possible={isPossible(option, view)}
              disabled={sending}
            />
          ))}
        </div>
      </Radio.Group>
      {!isPossible("refund_charges", view) && (
        <p className={classes["impossible"]}>The assessment names no charges to refund.</p>
      )}
      <JudgementFields
        form={form}
        implied={impliedLabel("approve", action)}
        disabled={sending}
        withComment
        needsReason={overrules}
      />
      {overrules && (
        <p className={classes["overrules"]} role="status">
          Recommended is “{ACTION[recommended].toLowerCase()}”: to do something else, say why with a reason or
          a comment.
        </p>
      )}
      <ConfirmApproval
        // A question that opened for one assessment never sends an answer to another.
        key={`${review.review_id} ${review.assessment_hash}`}
        view={view}
        action={action}
        title={two ? "Approve as the first of two people?" : "Approve and carry out?"}
        note={
          two
            ? `${WHY_TWO[action]} Nothing is done yet: it waits for another person to agree. Your approval is recorded with what you saw.`
            : `${whenDone} It is recorded under your name with what you saw.`
        }
        sending={sending}
        disabled={disabled}
        onConfirm={onApprove}
      >
        {(open) => (
          <Button
            fullWidth
            className={classes["approve"] ?? ""}
            onClick={open}
            loading={sending}
            disabled={disabled}
          >
            {action === undefined ? "Choose an action" : `Approve: ${ACTION[action].toLowerCase()}…`}
          </Button>
        )}
      </ConfirmApproval>
    </>
  );
}

interface ActionOptionProps {
  option: RecommendedAction;
  recommended: boolean;
  two: boolean;
  possible: boolean;
  disabled: boolean;
}

function ActionOption({ option, recommended, two, possible, disabled }: ActionOptionProps) {
  return (
    <Radio
      value={option}
      size="xs"
      disabled={disabled || !possible}
      classNames={{ root: classes["option"] ?? "", body: classes["optionBody"] ?? "" }}
      label={
        <span className={classes["optionLabel"]}>
          {ACTION[option]}
          {recommended && <Tag tone="accent">Recommended</Tag>}
          {two && (
            <span className={classes["two"]} title="Needs two people">
              <PeopleIcon size={13} /> 2
            </span>
          )}
        </span>
      }
    />
  );
}
