import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Dialog } from "./Dialog";
import classes from "./TextDialog.module.css";

interface TextDialogProps {
  title: string;
  /** The label of the button that submits the text. */
  action: string;
  size: number;
  initial?: string;
  /** The field for the words. */
  children: (field: { value: string; onChange: (text: string) => void }) => ReactNode;
  onSubmitText: (words: string) => void;
  onClose: () => void;
}

/** Asks for some words. None are no answer; spaces around them do not count. */
export function TextDialog({
  title,
  action,
  size,
  initial = "",
  children,
  onSubmitText,
  onClose,
}: TextDialogProps) {
  const [value, setValue] = useState(initial);
  const words = value.trim();
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>{title}</strong>}
      size={size}
      closeButtonProps={{ "aria-label": "Cancel" }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (words === "") return;
          onSubmitText(words);
          onClose();
        }}
      >
        {children({ value, onChange: setValue })}
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={words === ""}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
