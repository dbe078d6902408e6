import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import classes from "./DecisionPanel.module.css";
import type { Draft } from "./draft";

/** What was typed for a question that can no longer be answered: to be copied, or read again. */
export function KeptWords({ draft }: { draft: Draft }) {
  const clipboard = useClipboard();
  const words = [draft.feedback, draft.comment].map((text) => text.trim()).filter((text) => text !== "");
  if (words.length === 0) return null;
  return (
    <div className={classes["kept"]}>
      <div className={classes["keptHead"]}>
        <span>You had typed</span>
        <Button size="compact-xs" variant="default" onClick={() => clipboard.copy(words.join("\n\n"))}>
          {clipboard.copied ? "Copied" : "Copy"}
        </Button>
      </div>
      {words.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  );
}
