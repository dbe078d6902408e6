import type { ReactNode } from "react";
import type { Subscription } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { formatNumber } from "@/shared/format/numbers";
import { Panel } from "@/shared/ui/Panel";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { SubscriptionButtons } from "./SubscriptionButtons";
import classes from "./Webhooks.module.css";

/** One webhook: where it leads, what is sent there, and how far that has come. */
export function SubscriptionPanel({ subscription }: { subscription: Subscription }) {
  const nameOf = useActorName();
  const { url, description, events, progress, secrets } = subscription;
  return (
    <Panel title={url} className={classes["panel"]} aside={<StateTags subscription={subscription} />}>
      {description !== "" && <p className={classes["text"]}>{description}</p>}
      <dl className={classes["facts"]}>
        <Fact label="Events">
          {events === null ? "All, also those of later releases" : events.join(", ")}
        </Fact>
        <Fact label="Progress">{progressText(subscription)}</Fact>
        <Fact label="Last delivered">
          {progress.delivered_at === null ? "Nothing yet" : <Time at={progress.delivered_at} format="day" />}
        </Fact>
        {progress.last_fault !== null && (
          <Fact label="Last failure">
            {progress.last_fault}
            {progress.retry_at !== null && subscription.state === "active" && (
              <span className={classes["note"]}>
                {" "}
                Next try <Time at={progress.retry_at} format="day" />
              </span>
            )}
          </Fact>
        )}
        <Fact label="Signed with">{secrets.length === 1 ? "1 secret" : `${secrets.length} secrets`}</Fact>
        <Fact label="Made">
          by {nameOf(subscription.created_by)}, <Time at={subscription.created_at} format="day" />
          <span className={classes["id"]}>{subscription.subscription_id}</span>
        </Fact>
      </dl>
      <SubscriptionButtons subscription={subscription} />
    </Panel>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes["fact"]}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function StateTags({ subscription: { state, paused_because, progress } }: { subscription: Subscription }) {
  return (
    <>
      {progress.dead_letters > 0 && <Tag tone="bad">{formatNumber(progress.dead_letters)} given up</Tag>}
      {state === "paused" ? (
        <Tag tone={paused_because === "gone" ? "bad" : "neutral"} dot>
          {paused_because === "gone" ? "Paused: its receiver wants no more" : "Paused"}
        </Tag>
      ) : (
        <Tag tone={progress.last_fault === null ? "good" : "warn"} dot>
          {progress.last_fault === null ? "Active" : "Failing"}
        </Tag>
      )}
    </>
  );
}

function progressText({ progress: { handled, newest, waiting } }: Subscription): string {
  const behind = Math.max(0, newest - handled);
  const sent =
    behind === 0
      ? `Up to event ${formatNumber(handled)}, the newest`
      : `Up to event ${formatNumber(handled)} of ${formatNumber(newest)}`;
  if (waiting === 0) return sent;
  return `${sent}; ${waiting === 1 ? "1 event waits" : `${formatNumber(waiting)} events wait`} to be tried again`;
}
