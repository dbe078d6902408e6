import { Button, Progress } from "@mantine/core";
import type { BackTestSummary } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { formatNumber } from "@/shared/format/numbers";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { isUnfinished } from "./back-tests";
import classes from "./Lab.module.css";
import { percent, sourceName, STATES } from "./back-test-words";

interface BackTestLineProps {
  backTest: BackTestSummary;
  isChosen: boolean;
  onChoose: () => void;
  onCancel: () => void;
}

/** One back-test in the list: what is tried on what, how far it is, and its totals. */
export function BackTestLine({ backTest, isChosen, onChoose, onCancel }: BackTestLineProps) {
  const nameOf = useActorName();
  const { version, compared_with, state, total, problem, cancelled_by } = backTest;
  const name = `version ${version} on ${sourceName(backTest)}`;
  return (
    <li className={classes["line"]}>
      <div className={classes["what"]}>
        <div className={classes["tags"]}>
          <strong>Version {version}</strong> beside version {compared_with}, on {sourceName(backTest)}
          <Tag tone={STATES[state].tone} dot>
            {STATES[state].text}
          </Tag>
          {total !== null && <Totals {...total} />}
        </div>
        <p className={classes["text"]}>{backTest.reason}</p>
        {problem !== null && <p className={classes["text"]}>{problem}</p>}
        {state === "running" && <Running backTest={backTest} name={name} />}
        <span className={classes["note"]}>
          {nameOf(backTest.requested_by)}, <Time at={backTest.requested_at} format="day" />
          {cancelled_by !== null && <> · cancelled by {nameOf(cancelled_by)}</>}
        </span>
      </div>
      <div className={classes["buttons"]}>
        {isUnfinished(backTest) && (
          <Button
            size="compact-xs"
            variant="default"
            disabled={cancelled_by !== null}
            aria-label={`Cancel ${name}`}
            onClick={onCancel}
          >
            {cancelled_by === null ? "Cancel" : "Ends…"}
          </Button>
        )}
        {state === "done" && (
          <Button
            size="compact-xs"
            variant="default"
            aria-pressed={isChosen}
            aria-label={`Show what ${name} found`}
            onClick={onChoose}
          >
            Show
          </Button>
        )}
      </div>
    </li>
  );
}

function Running({
  backTest: { share, events, reached_at },
  name,
}: {
  backTest: BackTestSummary;
  name: string;
}) {
  return (
    <div className={classes["progress"]}>
      {share !== null && (
        <Progress value={share * 100} size="sm" aria-label={`How much of ${name} is done`} />
      )}
      <span className={`tabular ${classes["note"] ?? ""}`}>
        {share !== null && `${percent(share)}, `}
        {formatNumber(events)} events
        {reached_at !== null && (
          <>
            , at <Time at={reached_at} format="day" />
          </>
        )}
      </span>
    </div>
  );
}

interface TotalsProps {
  gained: number;
  lost: number;
  kept: number;
}

/** Alerts gained, lost and kept. */
export function Totals({ gained, lost, kept }: TotalsProps) {
  return (
    <>
      <Tag tone="accent">{formatNumber(gained)} gained</Tag>
      <Tag tone="high">{formatNumber(lost)} lost</Tag>
      <Tag>{formatNumber(kept)} kept</Tag>
    </>
  );
}
