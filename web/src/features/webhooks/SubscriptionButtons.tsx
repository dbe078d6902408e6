import { Button } from "@mantine/core";
import { useState } from "react";
import type { Subscription } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useChangeSubscription } from "./change-subscription";
import { DeadLetters } from "./DeadLetters";
import { DeleteSubscription } from "./DeleteSubscription";
import { ReplayEvents } from "./ReplayEvents";
import { Secrets } from "./Secrets";
import { SubscriptionForm } from "./SubscriptionForm";
import classes from "./Webhooks.module.css";

type Asking = "change" | "secrets" | "replay" | "dead letters" | "delete";

/** What can be done with a webhook. */
export function SubscriptionButtons({ subscription }: { subscription: Subscription }) {
  const change = useChangeSubscription(subscription);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const isPaused = subscription.state === "paused";
  const given = subscription.progress.dead_letters;
  return (
    <div className={classes["actions"]}>
      <Button
        size="compact-xs"
        variant="default"
        loading={change.isPending}
        onClick={() => change.mutate({ state: isPaused ? "active" : "paused" })}
      >
        {isPaused ? "Resume" : "Pause"}
      </Button>
      <Ask onClick={() => setAsking("change")}>Change…</Ask>
      <Ask onClick={() => setAsking("secrets")}>Secrets…</Ask>
      <Ask onClick={() => setAsking("replay")}>Send again…</Ask>
      {given > 0 && (
        <Ask onClick={() => setAsking("dead letters")}>{`Given up (${formatNumber(given)})…`}</Ask>
      )}
      <Ask onClick={() => setAsking("delete")}>Delete…</Ask>
      <RefusedChange of={[change]} />
      {asking === "change" && <SubscriptionForm subscription={subscription} onClose={close} />}
      {asking === "secrets" && <Secrets subscription={subscription} onClose={close} />}
      {asking === "replay" && <ReplayEvents subscription={subscription} onClose={close} />}
      {asking === "dead letters" && <DeadLetters subscription={subscription} onClose={close} />}
      {asking === "delete" && <DeleteSubscription subscription={subscription} onClose={close} />}
    </div>
  );
}

function Ask({ onClick, children }: { onClick: () => void; children: string }) {
  return (
    <Button size="compact-xs" variant="subtle" onClick={onClick}>
      {children}
    </Button>
  );
}
