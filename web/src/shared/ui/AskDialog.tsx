import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Dialog } from "./Dialog";
import classes from "./AskDialog.module.css";

interface AskDialogProps {
  title: string;
  /** What the button says that gives the words on. */
  action: string;
  size: number;
  initial?: string;
  /** The field for the words. */
  children: (field: { value: string; onChange: (text: string) => void }) => ReactNode;
  onWords: (words: string) => void;
  onClose: () => void;
}

/** Asks for some words. None are no answer; spaces around them do not count. */
export function AskDialog({ title, action, size, initial = "", children, onWords, onClose }: AskDialogProps) {
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
          onWords(words);
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
