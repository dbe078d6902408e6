import { Button } from "@mantine/core";
import type { Subscription } from "@/api/types";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useDeleteSubscription } from "./change-subscription";
import classes from "./Webhooks.module.css";

interface DeleteSubscriptionProps {
  subscription: Subscription;
  onClose: () => void;
}

/** Deletes a webhook after a question. */
export function DeleteSubscription({ subscription, onClose }: DeleteSubscriptionProps) {
  const remove = useDeleteSubscription(subscription);
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>Delete this webhook?</strong>}
      size={440}
      closeButtonProps={{ "aria-label": "Cancel" }}
    >
      <p className={classes["text"]}>
        {subscription.url} is sent nothing more: neither what waits to be tried again nor what was given up.
        Its secrets are forgotten. It cannot be undone.
      </p>
      <RefusedChange of={[remove]} boxed />
      <div className={classes["buttons"]}>
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button
          color="red"
          loading={remove.isPending}
          onClick={() => remove.mutate(undefined, { onSuccess: onClose })}
        >
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
