import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import classes from "./DecisionPanel.module.css";
import type { DecisionDraft } from "./decision-draft";

interface UnsentDraftProps {
  draft: DecisionDraft;
  title?: string;
  /** Puts the words into the answer to the open question. */
  onUse?: () => void;
  /** Forgets them. */
  onDrop?: () => void;
}

/** What was typed for a question that can no longer be answered: to be copied, or read again. */
export function UnsentDraft({ draft, title = "Unsent draft", onUse, onDrop }: UnsentDraftProps) {
  const clipboard = useClipboard();
  const words = [draft.text ?? "", draft.feedback, draft.comment]
    .map((text) => text.trim())
    .filter((text) => text !== "");
  if (words.length === 0) return null;
  return (
    <div className={classes["unsent"]}>
      <div className={classes["unsentHead"]}>
        <span>{title}</span>
        {onUse !== undefined && (
          <Button size="compact-xs" variant="default" onClick={onUse}>
            Use it here
          </Button>
        )}
        <Button size="compact-xs" variant="default" onClick={() => clipboard.copy(words.join("\n\n"))}>
          {clipboard.copied ? "Copied" : "Copy"}
        </Button>
        {onDrop !== undefined && (
          <Button size="compact-xs" variant="subtle" onClick={onDrop}>
            Discard
          </Button>
        )}
      </div>
      {words.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  );
}
