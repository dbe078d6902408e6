import type { Baseline } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { humanise } from "@/shared/format/labels";
import classes from "./BaselineBar.module.css";

interface Line {
  name: string;
  value: number;
  kind: "observed" | "expected" | "threshold";
}

/** What was observed beside what is normal for this customer, to scale. */
export function BaselineBar({ baseline }: { baseline: Baseline }) {
  const lines: Line[] = [{ name: "Observed", value: baseline.observed, kind: "observed" }];
  if (baseline.threshold !== null)
    lines.push({ name: "Threshold", value: baseline.threshold, kind: "threshold" });
  if (baseline.expected !== null)
    lines.push({ name: "Expected", value: baseline.expected, kind: "expected" });
  const largest = Math.max(...lines.map((line) => Math.abs(line.value)), Number.MIN_VALUE);
  return (
    <div className={classes["baseline"]}>
      <div className={classes["metric"]}>{humanise(baseline.metric)}</div>
      <dl className={classes["lines"]}>
        {lines.map((line) => (
          <div key={line.kind} className={classes["line"]} data-kind={line.kind}>
            <dt>{line.name}</dt>
            <dd>
              <span className="tabular">{formatNumber(line.value)}</span>
              <span className={classes["track"]} aria-hidden="true">
                <span style={{ width: `${(Math.abs(line.value) / largest) * 100}%` }} />
              </span>
            </dd>
          </div>
        ))}
      </dl>
      {baseline.sample_size > 0 && (
        <div className={classes["sample"]}>from {formatNumber(baseline.sample_size)} earlier readings</div>
      )}
    </div>
  );
}
