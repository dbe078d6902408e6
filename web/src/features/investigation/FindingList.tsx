import { useState } from "react";
import type { SpecialistReport, TelemetryEvent } from "@/api/types";
import { describeEvent } from "@/shared/format/telemetry";
import { toolName } from "@/shared/format/labels";
import { EventIcon, ToolCallIcon } from "@/shared/ui/icons";
import { Tag } from "@/shared/ui/Tag";
import classes from "./FindingList.module.css";

interface FindingListProps {
  report: SpecialistReport;
  /** Of the alerts. */
  events: readonly TelemetryEvent[];
  onOpenEvidence: (evidenceId: string) => void;
}

/** What a specialist claims, each claim with what it rests on. */
export function FindingList({ report, events, onOpenEvidence }: FindingListProps) {
  if (report.findings.length === 0) {
    return report.status === "ok" ? <p className={classes["none"]}>No findings.</p> : null;
  }
  return (
    <ul className={classes["list"]}>
      {report.findings.map((finding, index) => (
        <li key={index} className={classes["finding"]} data-unsupported={finding.unsupported}>
          <p className={classes["statement"]}>{finding.statement}</p>
          {finding.unsupported && finding.unsupported_reason != null && (
            <p className={classes["why"]}>Not counted: {finding.unsupported_reason}</p>
          )}
          <div className={classes["chips"]}>
            {finding.unsupported && (
              <Tag tone="high" title="No recorded evidence supports this: it does not count">
                Unsupported
              </Tag>
            )}
            <EvidenceChips
              ids={finding.evidence_ids}
              report={report}
              events={events}
              onOpen={onOpenEvidence}
            />
          </div>
        </li>
      ))}
    </ul>
  );
}

const SHOWN_AT_FIRST = 4;

interface EvidenceChipsProps extends Omit<EvidenceChipProps, "id"> {
  ids: readonly string[];
}

function EvidenceChips({ ids, ...rest }: EvidenceChipsProps) {
  const [all, setAll] = useState(false);
  const hidden = all ? 0 : Math.max(0, ids.length - SHOWN_AT_FIRST);
  return (
    <>
      {ids.slice(0, ids.length - hidden).map((id) => (
        <EvidenceChip key={id} id={id} {...rest} />
      ))}
      {hidden > 0 && (
        <button type="button" className={classes["chip"]} onClick={() => setAll(true)}>
          {hidden} more
        </button>
      )}
    </>
  );
}

interface EvidenceChipProps {
  id: string;
  report: SpecialistReport;
  /** Of the alerts. */
  events: readonly TelemetryEvent[];
  onOpen: (evidenceId: string) => void;
}

function EvidenceChip({ id, report, events, onOpen }: EvidenceChipProps) {
  const call = report.tool_calls.find(({ tool_call_id }) => tool_call_id === id);
  const event = events.find(({ event_id }) => event_id === id);
  if (call === undefined && event === undefined) {
    // An earlier round's look-up is still evidence; a made-up id is shown as what it is by the drawer.
    return <Chip id={id} label={id} icon="tool" onOpen={onOpen} />;
  }
  const label = call ? toolName(call.tool) : event ? describeEvent(event) : id;
  return <Chip id={id} label={label} icon={call ? "tool" : "event"} onOpen={onOpen} />;
}

interface ChipProps {
  id: string;
  label: string;
  icon: "tool" | "event";
  onOpen: (evidenceId: string) => void;
}

function Chip({ id, label, icon, onOpen }: ChipProps) {
  return (
    <button
      type="button"
      className={classes["chip"]}
      title={`Evidence ${id}`}
      aria-label={`Evidence: ${label}`}
      onClick={() => onOpen(id)}
    >
      {icon === "tool" ? <ToolCallIcon size={12} /> : <EventIcon size={12} />}
      <span>{label}</span>
    </button>
  );
}
