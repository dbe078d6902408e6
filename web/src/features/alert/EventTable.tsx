import { VisuallyHidden } from "@mantine/core";
import type { TelemetryEvent } from "@/api/types";
import { describeEvent, EVENT_KIND } from "@/shared/format/telemetry";
import { Time } from "@/shared/ui/Time";
import classes from "./EventTable.module.css";

interface EventTableProps {
  title: string;
  events: readonly TelemetryEvent[];
  hideTitle?: boolean;
}

export function EventTable({ title, events, hideTitle = false }: EventTableProps) {
  return (
    <table className={classes["table"]}>
      <caption className={classes["caption"]}>
        {hideTitle ? <VisuallyHidden>{title}</VisuallyHidden> : title}
      </caption>
      <tbody>
        {events.map((event) => (
          <tr key={event.event_id}>
            <td className={classes["time"]}>
              <Time at={event.occurred_at} format="day" />
            </td>
            <td className={classes["kind"]}>{EVENT_KIND[event.kind]}</td>
            <td>
              {describeEvent(event)}
              {event.trimmed != null && <span className={classes["trimmed"]}> {event.trimmed}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
