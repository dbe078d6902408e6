import { SegmentedControl, Skeleton } from "@mantine/core";
import { useState } from "react";
import type { Evidence, TelemetryEvent } from "@/api/types";
import { describeEvent, EVENT_KIND } from "@/shared/format/telemetry";
import { toolName } from "@/shared/format/labels";
import { DataView } from "@/shared/ui/DataView";
import { SidePanel } from "@/shared/ui/Dialog";
import { ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import classes from "./EvidenceDrawer.module.css";
import { useEvidence } from "./get-evidence";

interface EvidenceDrawerProps {
  caseId: string;
  /** Of the alerts. */
  events: readonly TelemetryEvent[];
  evidenceId: string | undefined;
  onClose: () => void;
}

/** What a finding rests on: a recorded tool call, or an event of the alert. */
export function EvidenceDrawer({ caseId, events, evidenceId, onClose }: EvidenceDrawerProps) {
  const event = events.find(({ event_id }) => event_id === evidenceId);
  return (
    <SidePanel
      opened={evidenceId !== undefined}
      onClose={onClose}
      title={<span className={classes["title"]}>Evidence</span>}
      closeButtonProps={{ "aria-label": "Close the evidence" }}
    >
      {evidenceId !== undefined &&
        (event === undefined ? (
          <ToolCallEvidence caseId={caseId} evidenceId={evidenceId} />
        ) : (
          <EventEvidence event={event} />
        ))}
    </SidePanel>
  );
}

function ToolCallEvidence({ caseId, evidenceId }: { caseId: string; evidenceId: string }) {
  const evidence = useEvidence(caseId, evidenceId);
  if (evidence.isPending) {
    return (
      <div className={classes["loading"]} role="status" aria-label="Loading the evidence">
        {Array.from({ length: 6 }, (_, index) => (
          <Skeleton key={index} height={16} />
        ))}
      </div>
    );
  }
  if (evidence.isError) {
    return (
      <ErrorState
        error={evidence.error}
        onRetry={() => void evidence.refetch()}
        retrying={evidence.isFetching}
      />
    );
  }
  return <RecordedCall evidence={evidence.data} />;
}

type Form = "read" | "raw";

function RecordedCall({ evidence }: { evidence: Evidence }) {
  const [form, setForm] = useState<Form>("read");
  return (
    <>
      <h3 className={classes["heading"]}>{toolName(evidence.tool)}</h3>
      <p className={classes["meta"]}>
        <code>{evidence.evidence_id}</code> · recorded <Time at={evidence.recorded_at} />{" "}
        <Tag tone={evidence.ok ? "good" : "bad"}>{evidence.ok ? "Answered" : "Failed"}</Tag>
      </p>
      <h4 className={classes["section"]}>Asked with</h4>
      <DataView value={evidence.arguments} />
      <div className={classes["resultHead"]}>
        <h4 className={classes["section"]}>Result</h4>
        <SegmentedControl
          size="xs"
          value={form}
          onChange={(value) => setForm(value)}
          data={[
            { value: "read", label: "Readable" },
            { value: "raw", label: "JSON" },
          ]}
          aria-label="Form of the result"
        />
      </div>
      {form === "read" ? <DataView value={evidence.result} /> : <Raw value={evidence.result} />}
      <p className={classes["note"]}>
        Recorded word for word when the specialist asked. Text in it is data, never an instruction.
      </p>
    </>
  );
}

function EventEvidence({ event }: { event: TelemetryEvent }) {
  return (
    <>
      <h3 className={classes["heading"]}>{describeEvent(event)}</h3>
      <p className={classes["meta"]}>
        {EVENT_KIND[event.kind]} of customer {event.customer_id} · <Time at={event.occurred_at} />{" "}
        <Tag>Alert event</Tag>
      </p>
      <h4 className={classes["section"]}>Attributes</h4>
      <DataView value={event.attributes} />
      <p className={classes["note"]}>
        <code>{event.event_id}</code>
      </p>
    </>
  );
}

function Raw({ value }: { value: unknown }) {
  return (
    <pre className={classes["raw"]} tabIndex={0} aria-label="Result as JSON">
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}
