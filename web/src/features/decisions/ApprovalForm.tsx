import { Button, Radio } from "@mantine/core";
import type { FraudCaseView, ChosenRefund, RecommendedAction, ReviewRequest } from "@/api/types";
import { needsFourEyes } from "@/shared/cases/four-eyes";
import { useRequiredFields } from "@/shared/api/required-fields";
import { useExecutionNote } from "@/shared/api/service";
import { recommendationOf } from "@/shared/cases/assessment";
import { ACTIONS } from "@/shared/format/actions";
import { ACTION } from "@/shared/format/labels";
import { PeopleIcon } from "@/shared/ui/icons";
import { Tag } from "@/shared/ui/Tag";
import classes from "./ApprovalForm.module.css";
import { ApprovalDialog } from "./ApprovalDialog";
import { isPossible } from "./consequence";
import { type DecisionDraftState, hasReason } from "./decision-draft";
import { impliedDisposition } from "./reason-codes";
import { DispositionFields } from "./DispositionFields";
import { DryRun } from "./DryRun";
import { RefundChoice } from "./RefundChoice";
import { useRefunds } from "./use-refunds";
import { missingFields } from "./missing-fields";
import { MissingFields } from "./MissingFields";

const OFFERED = Object.keys(ACTIONS) as RecommendedAction[];

interface ApprovalFormProps {
  view: FraudCaseView;
  review: ReviewRequest;
  form: DecisionDraftState;
  sending: boolean;
  /** What is on screen is not what was read: nothing may be sent. */
  locked: boolean;
  onApprove: (action: RecommendedAction, refunds: readonly ChosenRefund[] | undefined) => void;
}

/** Choose an action and a disposition, then confirm the exact consequence. */
export function ApprovalForm({ view, review, form, sending, locked, onApprove }: ApprovalFormProps) {
  const recommended = recommendationOf(view.assessment) ?? undefined;
  const action = form.draft.action ?? recommended;
  const possible = action !== undefined && isPossible(action, view);
  const { offered, refunds, preview } = useRefunds(view, review, action, form.draft.refunds);
  const approvals = preview.data?.approvals_required;
  const fourEyes =
    action !== undefined && (approvals == null ? needsFourEyes(review, action) : approvals > 1);
  const overrules = recommended !== undefined && action !== recommended;
  const missingReason = overrules && !hasReason(form.draft);
  const required = useRequiredFields(action);
  // What must be chosen is not preselected.
  const implied = required.includes("disposition") ? undefined : impliedDisposition("approve", action);
  const missing = missingFields(required, form.draft, form.draft.disposition ?? implied);
  const disabled = !possible || locked || missingReason || missing.length > 0 || refunds?.length === 0;
  const executionNote = useExecutionNote(action);
  return (
    <>
      <Radio.Group
        label="Action to approve"
        value={action ?? null}
        onChange={(value) => form.change({ action: value })}
        classNames={{ label: classes["legend"] ?? "" }}
      >
        <div className={classes["options"]}>
          {OFFERED.map((option) => (
            <ActionOption
              key={option}
              option={option}
              recommended={option === recommended}
              fourEyes={needsFourEyes(review, option)}
              possible={isPossible(option, view)}
              disabled={sending}
            />
          ))}
        </div>
      </Radio.Group>
      {!isPossible("refund_charges", view) && (
        <p className={classes["impossible"]}>The assessment names no charges to refund.</p>
      )}
      {offered.length > 0 && (
        <RefundChoice
          // Other charges, or other amounts of them, are another choice.
          key={offered.map(({ charge_id, amount }) => `${charge_id} ${amount.amount_minor}`).join()}
          offered={offered}
          chosen={refunds ?? offered}
          disabled={sending}
          onChange={(chosen) => form.change({ refunds: chosen })}
        />
      )}
      <DryRun preview={preview} />
      <DispositionFields
        form={form}
        implied={implied}
        disabled={sending}
        withComment
        needsReason={overrules}
        required={required}
      />
      <MissingFields missing={missing} />
      {overrules && (
        <p className={classes["overruling"]} role="status">
          Recommended is “{ACTION[recommended].toLowerCase()}”: to do something else, say why with a reason or
          a comment.
        </p>
      )}
      <ApprovalDialog
        // A question that opened for one assessment never sends an answer to another.
        key={`${review.review_id} ${review.assessment_hash}`}
        view={view}
        action={action}
        title={fourEyes ? "Give the first of two approvals?" : "Approve and carry out?"}
        note={
          fourEyes
            ? `${ACTIONS[action].fourEyes} Nothing is done yet: it waits for another person to approve. Your approval is recorded with what you saw.`
            : `${executionNote} It is recorded under your name with what you saw.`
        }
        sending={sending}
        disabled={disabled}
        refunds={refunds}
        dryRun={<DryRun preview={preview} />}
        onConfirm={(approved) => onApprove(approved, refunds)}
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
      </ApprovalDialog>
    </>
  );
}

interface ActionOptionProps {
  option: RecommendedAction;
  recommended: boolean;
  fourEyes: boolean;
  possible: boolean;
  disabled: boolean;
}

function ActionOption({ option, recommended, fourEyes, possible, disabled }: ActionOptionProps) {
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
          {fourEyes && (
            <span className={classes["fourEyes"]} title="Four eyes: needs two approvals">
              <PeopleIcon size={13} /> 2
            </span>
          )}
        </span>
      }
    />
  );
}
