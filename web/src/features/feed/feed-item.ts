import type { FeedMessage } from "@/shared/live/connection";
import { describeCaseEvent } from "@/shared/format/case-event";
import { describeEvent, EVENT_KIND } from "@/shared/format/telemetry";
import { KINDS } from "@/shared/kinds/kinds";
import { humanise, SEVERITY, type Tone } from "@/shared/format/labels";

export type FeedKind = "telemetry" | "alert" | "case";

/** One line of the live feed. */
export interface FeedItem {
  key: string;
  kind: FeedKind;
  at: string;
  /** Null when it is about nobody who is known as a customer. */
  customerId: number | null;
  label: string;
  text: string;
  tone: Tone;
  caseId?: string;
}

/** The lines that a message brings, oldest first. */
export function feedItems(message: FeedMessage): FeedItem[] {
  switch (message.kind) {
    case "telemetry":
      return message.data.sample.map((event) => ({
        key: `t:${event.event_id}`,
        kind: "telemetry",
        at: event.occurred_at,
        customerId: event.customer_id,
        label: EVENT_KIND[event.kind],
        text: describeEvent(event),
        tone: "neutral",
      }));
    case "alert": {
      const { alert, case_id, seq } = message.data;
      return [
        {
          key: `c:${seq}`,
          kind: "alert",
          at: alert.raised_at,
          customerId: alert.customer_id,
          label: humanise(alert.alert_type),
          text: alert.description,
          tone: SEVERITY[alert.severity].tone,
          caseId: case_id,
        },
      ];
    }
    case "case": {
      const { event, case: summary } = message.data;
      const { text, tone } = describeCaseEvent(event);
      return [
        {
          key: `c:${event.seq}`,
          kind: "case",
          at: event.at,
          customerId: summary.customer_id,
          label: KINDS[summary.kind].title(summary).what,
          text,
          tone,
          caseId: event.case_id,
        },
      ];
    }
  }
}
