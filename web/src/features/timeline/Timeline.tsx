import { Skeleton } from "@mantine/core";
import type { CaseEvent } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { describeCaseEvent } from "@/shared/format/case-event";
import { formatNumber } from "@/shared/format/numbers";
import { Hash } from "@/shared/ui/Hash";
import { Panel } from "@/shared/ui/Panel";
import { EarlierPageButton } from "@/shared/ui/EarlierPageButton";
import { ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { HashChainTag } from "./HashChainTag";
import { IntegrityAlert } from "./IntegrityAlert";
import { useCaseEvents } from "./get-case-events";
import classes from "./Timeline.module.css";

/** Everything that happened to the case, newest first: who, when, and the link of the hash chain. */
export function Timeline({ caseId }: { caseId: string }) {
  const events = useCaseEvents(caseId);
  return (
    <Panel
      title="Timeline"
      flush
      className={classes["panel"]}
      aside={
        <>
          {events.data && <span className={classes["count"]}>{formatNumber(events.data.total)} events</span>}
          <HashChainTag caseId={caseId} />
        </>
      }
    >
      <IntegrityAlert caseId={caseId} />
      {events.isPending && (
        <div className={classes["loading"]} role="status" aria-label="Loading the timeline">
          <Skeleton height={14} />
          <Skeleton height={14} width="70%" />
          <Skeleton height={14} width="84%" />
        </div>
      )}
      {events.isError && events.data === undefined && (
        <ErrorState error={events.error} onRetry={() => void events.refetch()} retrying={events.isFetching} />
      )}
      {events.data && (
        <ol className={classes["list"]} aria-label="Case events, newest first" tabIndex={0}>
          {events.data.items.toReversed().map((event) => (
            <TimelineEvent key={event.seq} event={event} />
          ))}
        </ol>
      )}
      <EarlierPageButton what="events" list={events} />
    </Panel>
  );
}

function TimelineEvent({ event }: { event: CaseEvent }) {
  const { text, detail, tone } = describeCaseEvent(event);
  const nameOf = useActorName();
  return (
    <li className={classes["event"]} data-tone={tone}>
      <div className={classes["text"]}>{text}</div>
      {detail !== undefined && <div className={classes["detail"]}>“{detail}”</div>}
      <div className={classes["meta"]}>
        <Time at={event.at} format="clock" />
        <span>{nameOf(event.actor)}</span>
        <Hash value={event.hash} />
      </div>
    </li>
  );
}
