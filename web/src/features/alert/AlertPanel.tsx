import type { Alert } from "@/api/types";
import { SEVERITY } from "@/shared/format/labels";
import { Panel } from "@/shared/ui/Panel";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { AlertDrawings } from "./AlertDrawings";
import classes from "./AlertPanel.module.css";
import { BaselineBar } from "./BaselineBar";
import { EventTable } from "./EventTable";

const SOURCE: Record<Alert["source"], string> = {
  live: "From live telemetry",
  replay: "From a recording",
  manual: "Reported by a person",
};

/** The only alert of a case, with its evidence at that time. */
export function AlertPanel({ caseId, alert }: { caseId: string; alert: Alert }) {
  return (
    <Panel title="Alert" aside={<AlertTags alert={alert} />}>
      <AlertDetails caseId={caseId} alert={alert} />
    </Panel>
  );
}

export function AlertTags({ alert }: { alert: Alert }) {
  const severity = SEVERITY[alert.severity];
  return (
    <>
      <Tag>{SOURCE[alert.source]}</Tag>
      <Tag tone={severity.tone}>{severity.label} severity</Tag>
    </>
  );
}

interface AlertDetailsProps {
  caseId: string;
  alert: Alert;
  /** What it says stands above it already. */
  hideDescription?: boolean;
}

/** What an alert says, what it rests on as drawings, and its events. */
export function AlertDetails({ caseId, alert, hideDescription = false }: AlertDetailsProps) {
  const triggers = new Set(alert.trigger_events.map((event) => event.event_id));
  const others = alert.recent_events.filter((event) => !triggers.has(event.event_id));
  return (
    <>
      <div className={classes["layout"]} data-baseline={alert.baseline !== null}>
        <div>
          {!hideDescription && <p className={classes["description"]}>{alert.description}</p>}
          <p className={classes["origin"]}>
            {alert.source === "manual" ? (
              "Raised"
            ) : (
              <>
                Rule <code>{alert.rule_id}</code> v{alert.rule_version} · raised
              </>
            )}{" "}
            <Time at={alert.raised_at} />
          </p>
        </div>
        {alert.baseline !== null && <BaselineBar baseline={alert.baseline} />}
      </div>
      {alert.trimmed != null && <p className={classes["origin"]}>{alert.trimmed}</p>}
      {alert.trigger_events.length > 0 && <AlertDrawings caseId={caseId} alertId={alert.alert_id} />}
      {alert.trigger_events.length > 0 && <EventTable title="Trigger events" events={alert.trigger_events} />}
      {others.length > 0 && (
        <details className={classes["more"]}>
          <summary>
            {others.length === 1 ? "1 other recent event" : `${others.length} other recent events`} of this
            customer
          </summary>
          <EventTable title="Other recent events" events={others.toReversed()} hideTitle />
        </details>
      )}
    </>
  );
}
