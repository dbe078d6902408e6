import { Select, Skeleton } from "@mantine/core";
import { useState } from "react";
import type { SecurityEvent, SecurityEventKind } from "@/api/types";
import { useActorName, usePeople } from "@/shared/api/session";
import { formatNumber } from "@/shared/format/numbers";
import { EarlierPageButton } from "@/shared/ui/EarlierPageButton";
import lines from "@/shared/ui/Lines.module.css";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { type SecurityFilter, useSecurityEvents } from "./list-security-events";
import classes from "./SecurityLogPanel.module.css";

const KIND: Record<SecurityEventKind, string> = {
  signed_in: "signed in",
  sign_in_refused: "could not sign in",
  token_issued: "was given a token",
  token_accepted: "came with a token of the sign-in provider",
  session_refused: "showed a session that is none",
  session_ended: "ended a session",
  access_refused: "asked for what is not allowed",
  origin_refused: "asked from another site or name",
  exported: "exported",
  revealed: "saw personal data",
  downloaded: "downloaded",
  log_read: "read this log",
  log_purged: "deleted old lines",
};
const KINDS = (Object.keys(KIND) as SecurityEventKind[]).map((value) => ({ value, label: KIND[value] }));

/** Who signed in, was refused, took something away or ended a session, and from where. For admins. */
export function SecurityLogPanel() {
  const [filter, setFilter] = useState<SecurityFilter>({ kind: null, subject: null });
  const people = usePeople();
  const events = useSecurityEvents(filter);
  return (
    <Panel
      title="Security log"
      aside={events.data && <span className={lines["note"]}>{formatNumber(events.data.total)}</span>}
    >
      <div className={classes["filters"]}>
        <Select
          label="What happened"
          placeholder="Everything"
          clearable
          data={KINDS}
          value={filter.kind}
          onChange={(kind) => setFilter({ ...filter, kind })}
        />
        <Select
          label="Who"
          placeholder="Everybody"
          clearable
          data={people.map(({ subject, name }) => ({ value: subject, label: name }))}
          value={filter.subject}
          onChange={(subject) => setFilter({ ...filter, subject })}
        />
      </div>
      <p className={lines["note"]}>
        The same refusal of the same caller within a minute is one line. Reading this log is recorded, too.
      </p>
      {events.isPending && <Skeleton height={60} />}
      {events.isError && events.data === undefined && (
        <ErrorState error={events.error} onRetry={() => void events.refetch()} retrying={events.isFetching} />
      )}
      {events.data?.total === 0 && (
        <EmptyState title="Nothing of this kind is on record">Choose something else.</EmptyState>
      )}
      {events.data !== undefined && events.data.total > 0 && (
        <ol className={lines["list"]} aria-label="Security events, newest first">
          {events.data.items.toReversed().map((event) => (
            <EventLine key={event.number} event={event} />
          ))}
        </ol>
      )}
      <EarlierPageButton what="events" list={events} />
    </Panel>
  );
}

function EventLine({ event }: { event: SecurityEvent }) {
  const nameOf = useActorName();
  const { at, kind, outcome, subject, address, target, reason, detail } = event;
  const holder = detail["holder"];
  return (
    <li className={lines["line"]}>
      <div className={lines["what"]}>
        <strong>{who(event, nameOf)}</strong> {KIND[kind]} <Time at={at} format="day" />
        <div className={lines["note"]}>
          {[
            target,
            typeof holder === "string" && `of ${nameOf(holder)}`,
            reason?.replaceAll("_", " "),
            address !== "" && `from ${address}`,
            typeof detail["client"] === "string" && subject !== null && detail["client"],
            typeof detail["lines"] === "number" && `${formatNumber(detail["lines"])} lines`,
          ]
            .filter((said) => typeof said === "string" && said !== "")
            .join(" · ")}
        </div>
      </div>
      {outcome === "refused" && (
        <div className={lines["tags"]}>
          <Tag tone="bad">Refused</Tag>
        </div>
      )}
    </li>
  );
}

const who = ({ subject, kind }: SecurityEvent, nameOf: (subject: string) => string): string => {
  if (subject !== null) return nameOf(subject);
  return kind === "log_purged" ? "Casewright" : "Somebody unknown";
};
