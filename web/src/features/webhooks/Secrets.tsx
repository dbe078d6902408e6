import { Button } from "@mantine/core";
import type { Subscription } from "@/api/types";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { Time } from "@/shared/ui/Time";
import { NewSecret } from "./NewSecret";
import { useAddSecret, useRemoveSecret } from "./rotate-secrets";
import classes from "./Webhooks.module.css";

const MOST = 5;

interface SecretsProps {
  subscription: Subscription;
  onClose: () => void;
}

/** Changes the secrets of a webhook, without a delivery that its receiver cannot check. */
export function Secrets({ subscription, onClose }: SecretsProps) {
  const add = useAddSecret(subscription);
  const remove = useRemoveSecret(subscription);
  const { secrets } = subscription;
  if (add.data !== undefined) return <NewSecret issued={add.data} onClose={() => add.reset()} />;
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>Secrets of the webhook</strong>}
      size={480}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <p className={classes["text"]}>
        Events are signed with each of them. To change over, add one, give it to the receiver, then remove the
        old one. The oldest comes first.
      </p>
      <ul className={classes["list"]} aria-label="Secrets, oldest first">
        {secrets.map(({ secret_id, created_at }, index) => (
          <li key={secret_id} className={classes["line"]}>
            <span>
              Secret {index + 1} of <Time at={created_at} />
              <span className={classes["id"]}>{secret_id}</span>
            </span>
            <Button
              size="compact-xs"
              variant="subtle"
              color="red"
              aria-label={`Remove secret ${index + 1}`}
              disabled={secrets.length === 1}
              loading={remove.isPending && remove.variables === secret_id}
              onClick={() => remove.mutate(secret_id)}
            >
              Remove
            </Button>
          </li>
        ))}
      </ul>
      {secrets.length === 1 && <p className={classes["note"]}>The only one cannot be removed.</p>}
      <RefusedChange of={[add, remove]} boxed />
      <div className={classes["buttons"]}>
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button onClick={() => add.mutate()} loading={add.isPending} disabled={secrets.length >= MOST}>
          Add a secret
        </Button>
      </div>
    </Dialog>
  );
}
