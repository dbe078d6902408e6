import { TextInput } from "@mantine/core";
import { AskDialog } from "@/shared/ui/AskDialog";

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
  const replaces = (words: string) => words !== name && taken.includes(words);
  return (
    <AskDialog title={title} action="Save" size={380} initial={name} onWords={onName} onClose={onClose}>
      {({ value, onChange }) => (
        <TextInput
          label="Name"
          data-autofocus
          value={value}
          onChange={(event) => {
            onChange(event.currentTarget.value);
          }}
          maxLength={LONGEST_NAME}
          description={replaces(value.trim()) ? "Replaces your view of this name." : "Only you see it."}
          required
        />
      )}
    </AskDialog>
  );
}
