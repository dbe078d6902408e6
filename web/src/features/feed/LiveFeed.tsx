import { Button, SegmentedControl } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, useSyncExternalStore } from "react";
import { formatNumber } from "@/shared/format/numbers";
import { useLiveStatus } from "@/shared/live/context";
import { PauseIcon, PlayIcon } from "@/shared/ui/icons";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { FeedAnnouncer } from "./FeedAnnouncer";
import type { FeedItem } from "./feed-item";
import type { FeedStore } from "./feed-store";
import classes from "./LiveFeed.module.css";

type Show = "all" | "cases";

const SHOW: { value: Show; label: string }[] = [
  { value: "all", label: "All" },
  { value: "cases", label: "Cases" },
];

/** What happens right now: telemetry, alerts and case events, newest on top. */
export function LiveFeed({ store }: { store: FeedStore }) {
  const feed = useSyncExternalStore(store.subscribe, store.get);
  const [show, setShow] = useState<Show>("all");
  const items = show === "all" ? feed.items : feed.items.filter((item) => item.kind !== "telemetry");

  return (
    <Panel title="Live feed" flush className={classes["panel"]} aside={<PauseButton store={store} />}>
      <div className={classes["bar"]}>
        <SegmentedControl
          size="xs"
          data={SHOW}
          value={show}
          onChange={(value) => setShow(value)}
          aria-label="What the feed shows"
        />
        <span
          className={`tabular ${classes["total"] ?? ""}`}
          title="Telemetry events since the server started"
        >
          {formatNumber(feed.total)} events
        </span>
      </div>
      {items.length === 0 ? (
        <QuietFeed />
      ) : (
        <ol className={classes["list"]} aria-label="Newest events" tabIndex={0}>
          {items.map((item) => (
            <FeedRow key={item.key} item={item} />
          ))}
        </ol>
      )}
      <FeedAnnouncer items={feed.items} />
    </Panel>
  );
}

function PauseButton({ store }: { store: FeedStore }) {
  const { paused, waiting } = useSyncExternalStore(store.subscribe, store.get);
  return (
    <Button
      size="compact-xs"
      variant={paused ? "filled" : "default"}
      leftSection={paused ? <PlayIcon size={13} /> : <PauseIcon size={13} />}
      onClick={() => store.dispatch({ type: paused ? "resumed" : "paused" })}
    >
      {paused ? `Resume${waiting.length > 0 ? ` (${waiting.length} new)` : ""}` : "Pause"}
    </Button>
  );
}

function FeedRow({ item }: { item: FeedItem }) {
  if (item.kind === "telemetry") {
    return (
      <li className={classes["item"]} data-kind="telemetry">
        <span className={classes["reading"]} title={`${item.label}: ${item.text}`}>
          {item.text}
        </span>
        <span
          className={classes["meta"]}
          {...(item.customerId !== null && { title: `Customer ${item.customerId}` })}
        >
          {item.customerId !== null && `${item.customerId} · `}
          <Time at={item.at} format="clock" />
        </span>
      </li>
    );
  }
  return (
    <li className={classes["item"]} data-kind={item.kind} data-tone={item.tone}>
      <div className={classes["line"]}>
        <span className={classes["label"]}>{item.label}</span>
        <span className={classes["meta"]}>
          {item.customerId !== null && `Customer ${item.customerId} · `}
          <Time at={item.at} format="clock" />
        </span>
      </div>
      <div className={classes["text"]}>
        {item.caseId === undefined ? (
          item.text
        ) : (
          <Link to="/cases/$caseId" params={{ caseId: item.caseId }}>
            {item.text}
          </Link>
        )}
      </div>
    </li>
  );
}

function QuietFeed() {
  const status = useLiveStatus();
  if (status === "live")
    return <EmptyState title="Nothing yet">Events appear here as they arrive.</EmptyState>;
  return <EmptyState title="Not connected">The feed goes on as soon as the server answers.</EmptyState>;
}
