import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { useIdentity } from "@/shared/api/session";
import { readDraft, saveDraft } from "@/shared/drafts";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import classes from "./MessageForm.module.css";
import { useSendMessage } from "./send-message";

const LONGEST_MESSAGE = 4_000;
const FIELD = "message";

/** Writes as a customer would. What was typed stays until it is on record. */
export function MessageForm({ userId }: { userId: string }) {
  const send = useSendMessage();
  const subject = useIdentity()?.subject ?? "";
  const [text, setText] = useState(() => {
    const kept = readDraft(subject, userId, FIELD);
    return typeof kept === "string" ? kept : "";
  });
  // A message that was not answered for can be sent again: the same one is one turn.
  const [messageId, setMessageId] = useState(() => crypto.randomUUID());
  const type = (typed: string) => {
    setText(typed);
    saveDraft(subject, userId, FIELD, typed === "" ? undefined : typed);
    if (send.isError) {
      setMessageId(crypto.randomUUID());
      send.reset();
    }
  };
  const submit = () => {
    if (text.trim() === "" || send.isPending) return;
    send.mutate(
      { userId, text, messageId },
      {
        onSuccess: () => {
          type("");
          setMessageId(crypto.randomUUID());
        },
      },
    );
  };
  return (
    <form
      className={classes["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Textarea
        label={`Message as ${userId}`}
        description="Enter sends, Shift and Enter begins a new line."
        autosize
        minRows={2}
        maxRows={8}
        maxLength={LONGEST_MESSAGE}
        value={text}
        onChange={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          submit();
        }}
      />
      <RefusedChange of={[send]} boxed />
      <Button type="submit" size="xs" loading={send.isPending} disabled={text.trim() === ""}>
        Send
      </Button>
    </form>
  );
}
