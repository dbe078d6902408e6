import { Button, Skeleton } from "@mantine/core";
import type { BackTest, BackTestResult, ComparedAlerts, Quality } from "@/api/types";
import { SEVERITY } from "@/shared/format/labels";
import { formatNumber } from "@/shared/format/numbers";
import { ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { useBackTest } from "./back-tests";
import { Totals } from "./BackTestLine";
import { DayChart, type Part } from "./DayChart";
import { IntervalPlot } from "./IntervalPlot";
import classes from "./Lab.module.css";
import { sourceName } from "./back-test-words";

const PARTS: readonly Part[] = [
  { name: "Kept", tone: "kept" },
  { name: "Gained", tone: "gained" },
  { name: "Lost", tone: "lost", isBelow: true },
];

interface BackTestViewProps {
  backTestId: string;
  /** Absent where the version cannot be made live. */
  onPromote: ((version: number) => void) | undefined;
}

/** What a back-test found: totals, days, customers, what labels say, and the alerts themselves. */
export function BackTestView({ backTestId, onPromote }: BackTestViewProps) {
  const backTest = useBackTest(backTestId);
  if (backTest.isPending) return <Skeleton height={240} />;
  if (backTest.isError)
    return (
      <ErrorState
        error={backTest.error}
        onRetry={() => void backTest.refetch()}
        retrying={backTest.isFetching}
      />
    );
  const { result } = backTest.data;
  if (result === null) return null;
  return <Found backTest={backTest.data} result={result} onPromote={onPromote} />;
}

interface FoundProps {
  backTest: BackTest;
  result: BackTestResult;
  onPromote: BackTestViewProps["onPromote"];
}

function Found({ backTest, result, onPromote }: FoundProps) {
  const { version, compared_with } = backTest;
  return (
    <section className={classes["found"]} aria-label={`What version ${version} found`}>
      <header className={classes["tags"]}>
        <h3 className={classes["heading"]}>
          Version {version} beside version {compared_with}, on {sourceName(backTest)}
        </h3>
        <Totals {...result.total} />
        {onPromote !== undefined && (
          <Button size="compact-sm" onClick={() => onPromote(version)}>
            Make version {version} live…
          </Button>
        )}
      </header>
      <Facts backTest={backTest} result={result} />
      {result.notes.map((note) => (
        <p key={note} className={classes["warning"]}>
          {note}
        </p>
      ))}
      {result.days.length > 0 && (
        <DayChart
          title="Alerts by day"
          parts={PARTS}
          days={result.days.map(({ day, kept, gained, lost }) => ({ day, counts: [kept, gained, lost] }))}
        />
      )}
      {result.quality !== null && (
        <QualityPlots quality={result.quality} before={compared_with} after={version} />
      )}
      <Customers result={result} />
      <Alerts title="Gained" alerts={result.gained} />
      <Alerts title="Lost" alerts={result.lost} />
      <Alerts title="Kept" alerts={result.kept} />
    </section>
  );
}

function Facts({ backTest, result }: { backTest: BackTest; result: BackTestResult }) {
  return (
    <p className={classes["note"]}>
      {formatNumber(result.events)} events
      {result.first_at !== null && result.last_at !== null && (
        <>
          {" "}
          from <Time at={result.first_at} /> to <Time at={result.last_at} />
        </>
      )}
      {result.counted_from !== null && (
        <>
          , alerts from <Time at={result.counted_from} /> on
        </>
      )}
      , read in {formatNumber(result.seconds)} s
      {backTest.rules_revision !== null && <>, by revision {backTest.rules_revision} of the settings</>}
      {result.moved > 0 && <>; {formatNumber(result.moved)} kept alerts lie in another window</>}
    </p>
  );
}

const MEANING: Record<Quality["labels"], { title: string; recall: string }> = {
  file: { title: "By the labels of the recording", recall: "Incidents found" },
  decisions: { title: "By decisions about the cases of these alerts", recall: "Confirmed fraud found" },
};

function QualityPlots({ quality, before, after }: { quality: Quality; before: number; after: number }) {
  const { title, recall } = MEANING[quality.labels];
  const rows = [
    ["Alerts that are right", "precision"],
    [recall, "recall"],
    ["Defrauded customers found", "customers"],
  ] as const;
  return (
    <div className={classes["quality"]}>
      <h4 className={classes["heading"]}>{title}</h4>
      {rows.map(([name, what]) => (
        <div key={what} role="group" aria-label={name}>
          <span className={classes["rowName"]}>{name}</span>
          <IntervalPlot label={`Version ${before}`} proportion={quality.before[what]} tone="before" />
          <IntervalPlot label={`Version ${after}`} proportion={quality.after[what]} />
        </div>
      ))}
    </div>
  );
}

function Customers({ result: { customers, customers_more } }: { result: BackTestResult }) {
  if (customers.length === 0) return null;
  const most = Math.max(1, ...customers.map(({ gained, lost, kept }) => gained + lost + kept));
  return (
    <details className={classes["details"]}>
      <summary>Customers for whom most changes</summary>
      <ul className={classes["list"]} aria-label="Customers">
        {customers.map((each) => (
          <li key={each.customer_id} className={classes["customer"]}>
            <span className="tabular">Customer {each.customer_id}</span>
            <span className={classes["customerBar"]} aria-hidden="true">
              {(["kept", "gained", "lost"] as const).map((side) => (
                <span key={side} data-tone={side} style={{ width: `${(each[side] / most) * 100}%` }} />
              ))}
            </span>
            <span className={`tabular ${classes["note"] ?? ""}`}>
              {each.gained} gained, {each.lost} lost, {each.kept} kept
            </span>
          </li>
        ))}
      </ul>
      {customers_more > 0 && <p className={classes["note"]}>and {formatNumber(customers_more)} others</p>}
    </details>
  );
}

function Alerts({ title, alerts: { items, more } }: { title: string; alerts: ComparedAlerts }) {
  if (items.length === 0) return null;
  const count = formatNumber(items.length + more);
  return (
    <details className={classes["details"]}>
      <summary>
        {title}: {count}
      </summary>
      <ul className={classes["list"]} aria-label={`${title} alerts`}>
        {items.map((alert) => (
          <li key={alert.alert_id} className={classes["alert"]}>
            <span className={classes["tags"]}>
              <Time at={alert.raised_at} format="day" />
              <span className="tabular">Customer {alert.customer_id}</span>
              <Tag>{SEVERITY[alert.severity].label}</Tag>
              {alert.label !== null && (
                <Tag tone={alert.label ? "good" : "warn"}>{alert.label ? "Right" : "False alert"}</Tag>
              )}
            </span>
            <p className={classes["text"]}>{alert.description}</p>
          </li>
        ))}
      </ul>
      {more > 0 && <p className={classes["note"]}>and {formatNumber(more)} others</p>}
    </details>
  );
}
