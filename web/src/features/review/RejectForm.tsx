import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import type { CaseView } from "@/api/types";
import classes from "./RejectForm.module.css";

const LONGEST_FEEDBACK = 4_000;

interface RejectFormProps {
  view: CaseView;
  sending: boolean;
  onCancel: () => void;
  onReject: (feedback: string) => void;
}

/** Say what should be looked at again; without words a rejection helps nobody. */
export function RejectForm({ view, sending, onCancel, onReject }: RejectFormProps) {
  const [feedback, setFeedback] = useState("");
  const [missing, setMissing] = useState(false);
  const escalated = view.state === "escalated";
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const words = feedback.trim();
        setMissing(words === "");
        if (words !== "") onReject(words);
      }}
    >
      <Textarea
        label="What should be looked at again?"
        description={
          escalated
            ? "Rejecting an escalated case closes it as unresolved."
            : "All three specialists get your words and start another round."
        }
        placeholder="For example: check the travel ticket of last week against the foreign logins."
        value={feedback}
        onChange={(event) => setFeedback(event.currentTarget.value)}
        error={missing && "Feedback is needed: say what should be looked at again."}
        maxLength={LONGEST_FEEDBACK}
        maxRows={10}
        required
        data-autofocus
        autoFocus
        disabled={sending}
      />
      <div className={classes["buttons"]}>
        <Button variant="default" onClick={onCancel} disabled={sending}>
          Back
        </Button>
        <Button type="submit" loading={sending}>
          {escalated ? "Reject and close" : `Reject and start round ${view.round + 1}`}
        </Button>
      </div>
    </form>
  );
}
