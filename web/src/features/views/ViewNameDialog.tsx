import { TextInput } from "@mantine/core";
import { TextDialog } from "@/shared/ui/TextDialog";

const LONGEST_NAME = 60;

interface ViewNameDialogProps {
  title: string;
  name: string;
  /** Names that are in use: saving under one takes its place. */
  taken: readonly string[];
  onName: (name: string) => void;
  onClose: () => void;
}

/** Asks for the name of a view. */
export function ViewNameDialog({ title, name, taken, onName, onClose }: ViewNameDialogProps) {
  const replaces = (words: string) => words !== name && taken.includes(words);
  return (
    <TextDialog title={title} action="Save" size={380} initial={name} onSubmitText={onName} onClose={onClose}>
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
    </TextDialog>
  );
}
