import { isDegraded, useService } from "@/shared/api/service";
import { useLiveStatus } from "@/shared/live/context";
import classes from "./LiveIndicator.module.css";

const WORDS = {
  connecting: { label: "Connecting…", title: "Opening the event stream" },
  live: { label: "Live", title: "What you see is current" },
  troubled: { label: "Interrupted", title: "What you see is current, but a part behind it is not at work" },
  reconnecting: {
    label: "Reconnecting…",
    title: "The event stream is interrupted: what you see may be out of date until it is back",
  },
};

/** Whether the page hears of changes right now. */
export function LiveIndicator() {
  const stream = useLiveStatus();
  const service = useService();
  const status = stream === "live" && service !== undefined && isDegraded(service) ? "troubled" : stream;
  return (
    <span className={classes["live"]} data-status={status} role="status" title={WORDS[status].title}>
      <span className={classes["dot"]} aria-hidden="true" />
      {WORDS[status].label}
    </span>
  );
}
