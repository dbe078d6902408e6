import { Button, Modal, Textarea } from "@mantine/core";
import { useState } from "react";
import classes from "./ReasonDialog.module.css";

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
  const [text, setText] = useState("");
  const words = text.trim();
  return (
    <Modal
      opened
      onClose={onClose}
      title={<strong>{title}</strong>}
      size={440}
      closeButtonProps={{ "aria-label": "Cancel" }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (words === "") return;
          onReason(words);
          onClose();
        }}
      >
        <Textarea
          label="Why?"
          description={note}
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          maxLength={LONGEST_REASON}
          required
        />
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={words === ""}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
