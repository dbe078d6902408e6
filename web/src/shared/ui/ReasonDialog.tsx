import { Textarea } from "@mantine/core";
import { TextDialog } from "./TextDialog";

const LONGEST_REASON = 1_000;

interface ReasonDialogProps {
  title: string;
  note: string;
  action: string;
  onReason: (reason: string) => void;
  onClose: () => void;
}

/** Asks why, before something is done that somebody else will notice. */
export function ReasonDialog({ title, note, action, onReason, onClose }: ReasonDialogProps) {
  return (
    <TextDialog title={title} action={action} size={440} onSubmitText={onReason} onClose={onClose}>
      {({ value, onChange }) => (
        <Textarea
          label="Why?"
          description={note}
          data-autofocus
          value={value}
          onChange={(event) => {
            onChange(event.currentTarget.value);
          }}
          maxLength={LONGEST_REASON}
          required
        />
      )}
    </TextDialog>
  );
}
