import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import type { FraudCaseView } from "@/api/types";
import { useConfig } from "@/shared/api/config";
import { useRequiredFields } from "@/shared/api/required-fields";
import type { DecisionDraftState } from "./decision-draft";
import { impliedDisposition } from "./reason-codes";
import { DispositionFields } from "./DispositionFields";
import { missingFields } from "./missing-fields";
import { MissingFields } from "./MissingFields";
import classes from "./RejectionForm.module.css";

const LONGEST_FEEDBACK = 4_000;

interface RejectionFormProps {
  view: FraudCaseView;
  form: DecisionDraftState;
  sending: boolean;
  locked: boolean;
  onReject: () => void;
}

/** A rejection needs feedback: what should be investigated again. */
export function RejectionForm({ view, form, sending, locked, onReject }: RejectionFormProps) {
  const { draft, change } = form;
  const [missing, setMissing] = useState(false);
  const escalated = view.state === "escalated";
  const most = useConfig().data?.max_review_attempts;
  const rejected = view.decisions.filter(({ verdict }) => verdict === "reject").length;
  const required = useRequiredFields("reject");
  const implied = required.includes("disposition") ? undefined : impliedDisposition("reject", undefined);
  const unfilled = missingFields(required, draft, draft.disposition ?? implied);
  const isLast = most !== undefined && rejected + 1 >= most;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const empty = draft.feedback.trim() === "";
        setMissing(empty);
        if (!empty && !locked && unfilled.length === 0) onReject();
      }}
    >
      <Textarea
        label="What should be looked at again?"
        description={
          escalated
            ? "Rejecting an escalated case closes it as unresolved."
            : isLast
              ? "This is the last rejection that analysts have: after it a manager decides."
              : "All three specialists get your words and start another round."
        }
        placeholder="For example: check the travel ticket of last week against the foreign logins."
        value={draft.feedback}
        onChange={(event) => change({ feedback: event.currentTarget.value })}
        error={missing && "Feedback is needed: say what should be looked at again."}
        maxLength={LONGEST_FEEDBACK}
        maxRows={10}
        required
        data-autofocus
        autoFocus
        disabled={sending}
      />
      <DispositionFields
        form={form}
        implied={implied}
        required={required}
        disabled={sending}
        withComment={false}
      />
      <MissingFields missing={unfilled} />
      <div className={classes["buttons"]}>
        <Button variant="default" onClick={() => change({ rejecting: false })} disabled={sending}>
          Back
        </Button>
        <Button type="submit" loading={sending} disabled={locked || unfilled.length > 0}>
          {escalated
            ? "Reject and close"
            : isLast
              ? "Reject and escalate"
              : `Reject and start round ${view.round + 1}`}
        </Button>
      </div>
    </form>
  );
}
