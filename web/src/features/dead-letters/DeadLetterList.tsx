import { Button, Skeleton } from "@mantine/core";
import { useState } from "react";
import type { DeadLetterChoice, DeadLetterFilter, TelemetryDeadLetter } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { Panel } from "@/shared/ui/Panel";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { DeadLetterLine } from "./DeadLetterLine";
import classes from "./DeadLetters.module.css";
import { useDropDeadLetters } from "./drop-dead-letters";
import { useTelemetryDeadLetters } from "./list-dead-letters";
import { useRetryDeadLetters } from "./retry-dead-letters";
import { KINDS } from "./words";

interface DeadLetterListProps {
  filter: DeadLetterFilter;
  onFilter: (filter: DeadLetterFilter) => void;
}

/** What is kept of telemetry that was not evaluated: to be tried again, or dropped for a reason. */
export function DeadLetterList({ filter, onFilter }: DeadLetterListProps) {
  const letters = useTelemetryDeadLetters(filter);
  const retry = useRetryDeadLetters();
  const drop = useDropDeadLetters();
  const [dropping, setDropping] = useState<DeadLetterChoice | null>(null);
  const isFiltered = filter.source !== undefined || filter.kind !== undefined;
  const none = letters.data?.length === 0;
  return (
    <Panel
      title={titleOf(filter)}
      aside={
        isFiltered && (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => {
              onFilter({});
            }}
          >
            Show all
          </Button>
        )
      }
    >
      {letters.isPending && <Skeleton height={80} />}
      {letters.isError && letters.data === undefined && (
        <ErrorState
          error={letters.error}
          onRetry={() => void letters.refetch()}
          retrying={letters.isFetching}
        />
      )}
      {none && (
        <EmptyState title="Nothing is kept here">
          What was dropped stays counted, and can be sent again.
        </EmptyState>
      )}
      {letters.data !== undefined && !none && (
        <>
          <ul className={classes["list"]} aria-label="Telemetry that was not evaluated, newest first">
            {letters.data.map((letter) => (
              <DeadLetterLine
                key={letter.letter_id}
                letter={letter}
                isBusy={retry.isPending || drop.isPending}
                onRetry={() => {
                  retry.mutate(only(letter));
                }}
                onDrop={() => {
                  setDropping(only(letter));
                }}
              />
            ))}
          </ul>
          <div className={classes["buttons"]}>
            {letters.hasNextPage && (
              <Button
                size="compact-sm"
                variant="subtle"
                onClick={() => void letters.fetchNextPage()}
                loading={letters.isFetchingNextPage}
              >
                Show more
              </Button>
            )}
            <Button
              size="compact-sm"
              variant="default"
              loading={retry.isPending}
              onClick={() => {
                retry.mutate(filter);
              }}
            >
              Try all again
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              onClick={() => {
                setDropping(filter);
              }}
            >
              Drop all…
            </Button>
          </div>
        </>
      )}
      {retry.data !== undefined && (
        <p className={classes["note"]} role="status">
          {formatNumber(retry.data.count)} will be tried again by a process that reads telemetry.
        </p>
      )}
      <RefusedChange of={[retry, drop]} boxed />
      {dropping !== null && (
        <ReasonDialog
          title="Drop telemetry that was not evaluated?"
          note="It is forgotten here and stays counted. Your reason is in the desk log."
          action="Drop"
          onReason={(reason) => {
            setDropping(null);
            drop.mutate({ ...dropping, reason });
          }}
          onClose={() => {
            setDropping(null);
          }}
        />
      )}
    </Panel>
  );
}

const only = ({ letter_id }: TelemetryDeadLetter): DeadLetterChoice => ({ letter_ids: [letter_id] });

function titleOf({ source, kind }: DeadLetterFilter): string {
  const parts = [kind && KINDS[kind], source].filter(Boolean);
  return parts.length > 0 ? `Kept: ${parts.join(" · ")}` : "Kept";
}
