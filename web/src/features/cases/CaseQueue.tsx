import { Button, Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { CaseState, CaseSummary } from "@/api/types";
import { humanise, OUTCOME, SEVERITY, STATE } from "@/shared/format/words";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { ScoreMeter } from "@/shared/ui/ScoreMeter";
import { Tag } from "@/shared/ui/Tag";
import { Age, DueIn } from "@/shared/ui/Time";
import classes from "./CaseQueue.module.css";
import { useCases } from "./list-cases";

interface CaseQueueProps {
  state: CaseState | undefined;
  threshold: number | undefined;
}

/** The cases of one state (or of all), newest first. */
export function CaseQueue({ state, threshold }: CaseQueueProps) {
  const cases = useCases(state);

  if (cases.isPending) return <QueueSkeleton />;
  if (cases.data === undefined) {
    return (
      <ErrorState error={cases.error} onRetry={() => void cases.refetch()} retrying={cases.isFetching} />
    );
  }
  if (cases.data.length === 0) return <EmptyQueue state={state} />;
  return (
    <>
      {cases.isRefetchError && (
        <p className={classes["stale"]} role="status">
          This list could not be refreshed. It shows what was known before.
        </p>
      )}
      <table className={classes["table"]}>
        <thead>
          <tr>
            <th scope="col">Risk</th>
            <th scope="col">Case</th>
            <th scope="col">Severity</th>
            <th scope="col">State</th>
            <th scope="col" className={classes["due"]}>
              Due in
            </th>
            <th scope="col" className={classes["age"]}>
              Opened
            </th>
          </tr>
        </thead>
        <tbody>
          {cases.data.map((item) => (
            <CaseRow key={item.case_id} item={item} threshold={threshold} />
          ))}
        </tbody>
      </table>
      {cases.hasNextPage && (
        <div className={classes["more"]}>
          <Button
            variant="default"
            size="xs"
            onClick={() => void cases.fetchNextPage()}
            loading={cases.isFetchingNextPage}
          >
            Load older cases
          </Button>
        </div>
      )}
    </>
  );
}

function CaseRow({ item, threshold }: { item: CaseSummary; threshold: number | undefined }) {
  const state = STATE[item.state];
  const outcome = item.outcome === null ? undefined : OUTCOME[item.outcome];
  return (
    <tr
      className={classes["row"]}
      data-attention={item.state === "awaiting_review" || item.state === "escalated"}
    >
      <td className={classes["risk"]}>
        <ScoreMeter score={item.risk_score} level={item.risk_level} threshold={threshold} />
      </td>
      <td className={classes["case"]}>
        <Link to="/cases/$caseId" params={{ caseId: item.case_id }} className={classes["link"]}>
          {humanise(item.alert_type)}
          <span className={classes["customer"]}> · Customer {item.customer_id}</span>
        </Link>
        <div className={classes["description"]} title={item.description}>
          {item.description}
        </div>
      </td>
      <td>
        <Tag tone={SEVERITY[item.severity].tone}>{SEVERITY[item.severity].label}</Tag>
      </td>
      <td>
        <div className={classes["state"]}>
          <Tag tone={outcome?.tone ?? state.tone} dot>
            {outcome?.label ?? state.label}
          </Tag>
          {item.round > 1 && <span className={classes["round"]}>Round {item.round}</span>}
        </div>
      </td>
      <td className={classes["due"]}>
        {item.due_at === null ? <span className={classes["none"]}>–</span> : <DueIn at={item.due_at} />}
      </td>
      <td className={classes["age"]}>
        <Age at={item.opened_at} />
      </td>
    </tr>
  );
}

function EmptyQueue({ state }: { state: CaseState | undefined }) {
  if (state === "awaiting_review" || state === "escalated") {
    return (
      <EmptyState title="Nobody is waiting for a decision">
        Cases appear here as soon as their investigation needs a person.
      </EmptyState>
    );
  }
  if (state !== undefined) return <EmptyState title={`No case is ${STATE[state].label.toLowerCase()}`} />;
  return (
    <EmptyState title="No cases yet">
      A case opens when telemetry looks like fraud, or when you <Link to="/start">open one yourself</Link>.
    </EmptyState>
  );
}

function QueueSkeleton() {
  return (
    <div className={classes["skeleton"]} role="status" aria-label="Loading the cases">
      {Array.from({ length: 8 }, (_, index) => (
        <Skeleton key={index} height={38} />
      ))}
    </div>
  );
}
