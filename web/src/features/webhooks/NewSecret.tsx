import { Button, TextInput } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import type { IssuedSecret } from "@/api/types";
import { Dialog } from "@/shared/ui/Dialog";
import classes from "./Webhooks.module.css";

/** Shows a secret, this once; it goes by its button alone, so that no key and no click beside it loses it. */
export function NewSecret({ issued, onClose }: { issued: IssuedSecret; onClose: () => void }) {
  const clipboard = useClipboard();
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>The secret of the webhook</strong>}
      size={520}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
    >
      <p className={classes["text"]}>
        Its receiver checks with it that events come from here. It is shown this once: give it to the receiver
        now.
      </p>
      <div className={classes["secret"]}>
        <TextInput
          aria-label="Secret"
          value={issued.secret}
          readOnly
          onFocus={(event) => event.currentTarget.select()}
          className={classes["grow"]}
          classNames={{ input: classes["mono"] ?? "" }}
        />
        <Button variant="default" onClick={() => clipboard.copy(issued.secret)} data-autofocus>
          {clipboard.copied ? "Copied" : "Copy"}
        </Button>
      </div>
      <div className={classes["buttons"]}>
        <Button onClick={onClose}>I have it</Button>
      </div>
    </Dialog>
  );
}
