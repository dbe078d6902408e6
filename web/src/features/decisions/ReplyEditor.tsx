import { Textarea } from "@mantine/core";
import { useId } from "react";
import { Difference } from "@/shared/ui/Difference";
import classes from "./ReplyEditor.module.css";

const LONGEST_REPLY = 4_000;

interface ReplyEditorProps {
  /** What the assistant wrote. */
  draft: string;
  value: string;
  disabled: boolean;
  onChange: (text: string) => void;
}

/** What is sent instead of the draft, and what is different in it. */
export function ReplyEditor({ draft, value, disabled, onChange }: ReplyEditorProps) {
  const heading = useId();
  return (
    <>
      <Textarea
        label="Send this instead"
        description="The customer reads exactly this; the draft and your text stay on record."
        autosize
        minRows={4}
        maxRows={16}
        maxLength={LONGEST_REPLY}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        required
        autoFocus
        disabled={disabled}
      />
      <section aria-labelledby={heading}>
        <h3 id={heading} className={classes["heading"]}>
          Changes to the draft
        </h3>
        <Difference before={draft} after={value} />
      </section>
    </>
  );
}
