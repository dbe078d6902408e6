import type { FraudCaseView, TelemetryEvent } from "@/api/types";

/** The events of all alerts of a case: what findings cite beside tool calls. */
export const alertEvents = ({ alerts }: FraudCaseView): readonly TelemetryEvent[] =>
  alerts.flatMap(({ alert }) => [...alert.trigger_events, ...alert.recent_events]);
