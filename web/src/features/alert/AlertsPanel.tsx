import { useEffect, useState } from "react";
import type { CaseAlert, FraudCaseView } from "@/api/types";
import { useActorName, useIdentity } from "@/shared/api/session";
import { humanise } from "@/shared/format/labels";
import { Panel } from "@/shared/ui/Panel";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { AlertDetails, AlertPanel, AlertTags } from "./AlertPanel";
import classes from "./AlertsPanel.module.css";
import { CaseLink } from "./CaseLink";
import { DetachButton } from "./DetachButton";
import { mayMoveAlerts } from "./move-alerts";
import { alertsSeen, saveAlertsSeen } from "./alerts-seen";
import { RelatedCases } from "./RelatedCases";

/** The alerts of a case in the order in which they came, and what joined since this person looked last. */
export function AlertsPanel({ view }: { view: FraudCaseView }) {
  return (
    <>
      {view.alerts.length > 1 ? (
        <AlertTimeline view={view} />
      ) : (
        <AlertPanel caseId={view.case_id} alert={view.alert} />
      )}
      <RelatedCases view={view} />
    </>
  );
}

function AlertTimeline({ view }: { view: FraudCaseView }) {
  const subject = useIdentity()?.subject ?? "";
  const count = view.alerts.length;
  const mayMove = mayMoveAlerts(view, useIdentity());
  const [seen] = useState(() => alertsSeen(subject, view.case_id));
  useEffect(() => saveAlertsSeen(subject, view.case_id, count), [subject, view.case_id, count]);
  const fresh = seen === undefined ? 0 : Math.max(0, count - seen);
  return (
    <Panel
      title={`Alerts (${count})`}
      aside={
        fresh > 0 && <Tag tone="warn">{fresh === 1 ? "1 joined" : `${fresh} joined`} since you looked</Tag>
      }
    >
      <ol className={classes["timeline"]}>
        {view.alerts.map((each, index) => (
          <Entry
            key={each.alert.alert_id}
            entry={each}
            isNew={index >= count - fresh}
            isFirst={index === 0}
            mayMove={mayMove}
          />
        ))}
      </ol>
    </Panel>
  );
}

interface EntryProps {
  entry: CaseAlert;
  isNew: boolean;
  isFirst: boolean;
  mayMove: boolean;
}

function Entry({ entry, isNew, isFirst, mayMove }: EntryProps) {
  const { alert, recorded_at, recorded_by } = entry;
  const nameOf = useActorName();
  const [shown, setShown] = useState(isNew || isFirst);
  return (
    <li className={classes["entry"]} data-new={isNew}>
      <div className={classes["head"]}>
        <h3>{humanise(alert.alert_type)}</h3>
        {isNew && <Tag tone="warn">New</Tag>}
        <AlertTags alert={alert} />
        {mayMove && !isFirst && entry.moved_to === null && (
          <DetachButton caseId={entry.case_id} alertId={alert.alert_id} />
        )}
      </div>
      <p className={classes["origin"]}>
        {isFirst ? "Opened the case" : "Joined"} <Time at={recorded_at} />
        {recorded_by !== null && ` by ${nameOf(recorded_by)}`} · <WhereItIs entry={entry} />
      </p>
      <details open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
        <summary>{alert.description}</summary>
        {shown && <AlertDetails caseId={entry.case_id} alert={alert} hideDescription />}
      </details>
    </li>
  );
}

/** Which round investigates an alert, or which case has it now. */
function WhereItIs({ entry: { round, moved_to } }: { entry: CaseAlert }) {
  if (moved_to !== null) {
    return (
      <>
        now in <CaseLink id={moved_to} />
      </>
    );
  }
  return round === null ? "not investigated yet" : `investigated in round ${round}`;
}
