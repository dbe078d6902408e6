import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import classes from "./ViewStrip.module.css";

const LONGEST_NAME = 60;

interface NameDialogProps {
  title: string;
  name: string;
  /** Names that are in use: saving under one takes its place. */
  taken: readonly string[];
  onName: (name: string) => void;
  onClose: () => void;
}

/** Asks for the name of a view. */
export function NameDialog({ title, name, taken, onName, onClose }: NameDialogProps) {
  const [text, setText] = useState(name);
  const words = text.trim();
  const replaces = words !== name && taken.includes(words);
  return (
    <Modal
      opened
      onClose={onClose}
      title={<strong>{title}</strong>}
      size={380}
      closeButtonProps={{ "aria-label": "Cancel" }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (words === "") return;
          onName(words);
          onClose();
        }}
      >
        <TextInput
          label="Name"
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          maxLength={LONGEST_NAME}
          description={replaces ? "Replaces your view of this name." : "Only you see it."}
          required
        />
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={words === ""}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}
