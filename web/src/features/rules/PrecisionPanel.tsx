import { Skeleton } from "@mantine/core";
import type { RulePrecision } from "@/api/types";
import { humanise } from "@/shared/format/labels";
import { formatNumber } from "@/shared/format/numbers";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { useRulePrecision } from "./back-tests";
import { type Day, DayChart, type Part } from "./DayChart";
import { IntervalPlot } from "./IntervalPlot";
import classes from "./Lab.module.css";

/** How often the alerts of a rule were right, by decisions, and what its versions found day by day. */
export function PrecisionPanel({ ruleId }: { ruleId: string }) {
  const precision = useRulePrecision(ruleId);
  return (
    <Panel title={`How right ${humanise(ruleId)} is`}>
      {precision.isPending && <Skeleton height={80} />}
      {precision.isError && precision.data === undefined && (
        <ErrorState
          error={precision.error}
          onRetry={() => void precision.refetch()}
          retrying={precision.isFetching}
        />
      )}
      {precision.data !== undefined && <Figures precision={precision.data} />}
    </Panel>
  );
}

function Figures({ precision }: { precision: RulePrecision }) {
  const { versions, days, sampled } = precision;
  const { parts, found } = byDay(precision);
  return (
    <div className={classes["parts"]}>
      {versions.length === 0 ? (
        <EmptyState title={`No alert in ${days} days`}>
          Where there are no decisions, nothing is known.
        </EmptyState>
      ) : (
        <div className={classes["quality"]}>
          <span className={classes["rowName"]}>
            Alerts that people confirmed as fraud, of those closed as fraud or as false alerts in {days} days
          </span>
          {versions.map(({ version, precision: share, inconclusive, undecided }) => (
            <div key={version}>
              <IntervalPlot label={`Version ${version}`} proportion={share} />
              <span className={classes["note"]}>
                {formatNumber(inconclusive)} inconclusive, {formatNumber(undecided)} not decided by people
              </span>
            </div>
          ))}
          <p className={classes["note"]}>
            The newest {formatNumber(sampled)} alerts of each version. Cases that were cleared without a
            person say nothing.
          </p>
        </div>
      )}
      {found.length > 0 && <DayChart title="Found on live telemetry, by day" parts={parts} days={found} />}
    </div>
  );
}

const FATES = { raised: "alerted", shadow: "in shadow", snoozed: "snoozed" } as const;

/** One part of a bar for each version and fate, and one bar for each day. */
function byDay({ counts }: RulePrecision): { parts: Part[]; found: Day[] } {
  const keyed = new Map<string, Part>();
  const days = new Map<string, Map<string, number>>();
  for (const { version, fate, day, count } of counts) {
    if (fate === "failed") continue; // events, not findings: `RuleHistory` says how many
    const key = `Version ${version} ${FATES[fate]}`;
    keyed.set(key, { name: key, tone: fate, isBelow: fate === "shadow" });
    const own = days.get(day) ?? new Map<string, number>();
    days.set(day, own.set(key, (own.get(key) ?? 0) + count));
  }
  const parts = [...keyed.values()].sort((one, other) => one.name.localeCompare(other.name));
  const found = [...days.entries()]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([day, own]) => ({ day, counts: parts.map(({ name }) => own.get(name) ?? 0) }));
  return { parts, found };
}
