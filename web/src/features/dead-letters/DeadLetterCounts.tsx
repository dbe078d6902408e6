import { Button, Skeleton } from "@mantine/core";
import type { DeadLetterCount, DeadLetterFilter } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import classes from "./DeadLetters.module.css";
import { useDeadLetterCounts } from "./list-dead-letters";
import { KINDS, lastPlaceOf } from "./words";

interface DeadLetterCountsProps {
  onChoose: (filter: DeadLetterFilter) => void;
}

/** How much telemetry was not evaluated, by source and kind, with the place of the last one. */
export function DeadLetterCounts({ onChoose }: DeadLetterCountsProps) {
  const counts = useDeadLetterCounts();
  return (
    <Panel title="By source and reason">
      {counts.isPending && <Skeleton height={60} />}
      {counts.isError && counts.data === undefined && (
        <ErrorState error={counts.error} onRetry={() => void counts.refetch()} retrying={counts.isFetching} />
      )}
      {counts.data?.length === 0 && (
        <EmptyState title="All telemetry was evaluated">What cannot be is counted here.</EmptyState>
      )}
      {counts.data !== undefined && counts.data.length > 0 && (
        <ul className={classes["list"]} aria-label="Counts, the most frequent first">
          {counts.data.map((count) => (
            <CountLine
              key={`${count.source} ${count.kind}`}
              count={count}
              onChoose={() => {
                onChoose({ source: count.source, kind: count.kind });
              }}
            />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function CountLine({ count, onChoose }: { count: DeadLetterCount; onChoose: () => void }) {
  return (
    <li className={classes["line"]}>
      <div className={classes["what"]}>
        <strong className={classes["number"]}>{formatNumber(count.count)}</strong> · {KINDS[count.kind]} ·{" "}
        {count.source}
        <p className={classes["reason"]}>
          Last: {lastPlaceOf(count)}: {count.last_reason}
        </p>
        <span className={classes["note"]}>
          <Time at={count.last_at} format="day" /> · {formatNumber(count.kept)} kept
        </span>
      </div>
      <Button
        size="compact-xs"
        variant="default"
        disabled={count.kept === 0}
        onClick={onChoose}
        aria-label={`Show ${KINDS[count.kind]} of ${count.source}`}
      >
        Show
      </Button>
    </li>
  );
}
