import { Button, NumberInput } from "@mantine/core";
import { useState } from "react";
import type { Subscription } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useReplay } from "./change-subscription";
import classes from "./Webhooks.module.css";

interface ReplayEventsProps {
  subscription: Subscription;
  onClose: () => void;
}

/** Has everything sent again from an event on. */
export function ReplayEvents({ subscription, onClose }: ReplayEventsProps) {
  const replay = useReplay(subscription);
  const [first, setFirst] = useState<number | "">("");
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>Send events again</strong>}
      size={420}
      closeButtonProps={{ "aria-label": "Cancel" }}
    >
      <form
        className={classes["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (first !== "") replay.mutate(first, { onSuccess: onClose });
        }}
      >
        <NumberInput
          label="From event number"
          description={`This one and all after it are sent again, each with the id that it had. The newest is ${formatNumber(subscription.progress.newest)}.`}
          min={1}
          allowDecimal={false}
          allowNegative={false}
          hideControls
          data-autofocus
          value={first}
          onChange={(value) => setFirst(typeof value === "number" ? value : "")}
        />
        <RefusedChange of={[replay]} boxed />
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={replay.isPending} disabled={first === ""}>
            Send again
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
