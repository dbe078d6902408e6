import { SegmentedControl, Select, Textarea } from "@mantine/core";
import { useId } from "react";
import type { Disposition, RequiredField } from "@/api/types";
import { DISPOSITION } from "@/shared/format/labels";
import { DISPOSITIONS } from "@/shared/queue/query";
import type { DecisionDraftState } from "./decision-draft";
import { useReasonCodes } from "./reason-codes";
import classes from "./DispositionFields.module.css";

const LONGEST_COMMENT = 4_000;
const CHOICES = DISPOSITIONS.map((value) => ({ value, label: DISPOSITION[value].label }));

interface DispositionFieldsProps {
  form: DecisionDraftState;
  /** The disposition that follows from the answer, if there is one. */
  implied: Disposition | undefined;
  disabled: boolean;
  /** The reason of a rejection is its feedback. */
  withComment: boolean;
  /** The answer overrules the assessment: then one of reason and comment is needed. */
  needsReason?: boolean;
  /** What the installation requires. */
  required?: readonly RequiredField[];
}

/** Disposition, reason code and comment of a decision. */
export function DispositionFields({
  form: { draft, change },
  implied,
  disabled,
  withComment,
  needsReason = false,
  required = [],
}: DispositionFieldsProps) {
  const legend = useId();
  const disposition = draft.disposition ?? implied;
  const reasons = useReasonCodes(disposition);
  const either = needsReason || required.includes("reason");
  const hint = (field: RequiredField, other: string) =>
    required.includes(field) ? "required" : either ? `this or a ${other} is needed` : "optional";
  return (
    <div className={classes["fields"]}>
      <div>
        <div id={legend} className={classes["legend"]}>
          Disposition
        </div>
        <SegmentedControl
          size="xs"
          fullWidth
          data={CHOICES}
          // None of them is chosen where nothing follows from the answer yet.
          value={disposition ?? ""}
          onChange={(value) =>
            change({ disposition: DISPOSITIONS.find((known) => known === value), reason: undefined })
          }
          disabled={disabled}
          aria-labelledby={legend}
        />
      </div>
      <Select
        size="xs"
        aria-label="Reason"
        placeholder={`Reason (${hint("reason_code", "comment")})`}
        data={reasons}
        value={reasons.some(({ value }) => value === draft.reason) ? (draft.reason ?? null) : null}
        onChange={(value) => change({ reason: value ?? undefined })}
        clearable
        clearButtonProps={{ "aria-label": "No reason" }}
        disabled={disabled || disposition === undefined}
      />
      {withComment && (
        <Textarea
          size="xs"
          aria-label="Comment"
          placeholder={`Comment (${hint("comment", "reason")})`}
          minRows={1}
          maxRows={6}
          maxLength={LONGEST_COMMENT}
          value={draft.comment}
          onChange={(event) => change({ comment: event.currentTarget.value })}
          disabled={disabled}
        />
      )}
    </div>
  );
}
