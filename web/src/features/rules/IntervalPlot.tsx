import type { Proportion } from "@/api/types";
import classes from "./Lab.module.css";
import { inWords } from "./back-test-words";

const WIDTH = 240;
const HEIGHT = 18;
const MIDDLE = HEIGHT / 2;

interface IntervalPlotProps {
  label: string;
  proportion: Proportion;
  tone?: "before" | "after";
}

/** A share between 0 and 100 % as a dot, and how sure it is as a line. */
export function IntervalPlot({ label, proportion, tone = "after" }: IntervalPlotProps) {
  const { share, low, high } = proportion;
  const words = inWords(proportion);
  return (
    <div className={classes["interval"]}>
      <span className={classes["intervalLabel"]}>{label}</span>
      <svg
        viewBox={`-6 0 ${WIDTH + 12} ${HEIGHT}`}
        className={classes["intervalPlot"]}
        data-tone={tone}
        role="img"
        aria-label={`${label}: ${words}`}
      >
        <line className={classes["axis"]} x1={0} x2={WIDTH} y1={MIDDLE} y2={MIDDLE} />
        {[0, 0.25, 0.5, 0.75, 1].map((at) => (
          <line
            key={at}
            className={classes["axis"]}
            x1={at * WIDTH}
            x2={at * WIDTH}
            y1={MIDDLE - 3}
            y2={MIDDLE + 3}
          />
        ))}
        {share !== null && low !== null && high !== null && (
          <>
            <line className={classes["whisker"]} x1={low * WIDTH} x2={high * WIDTH} y1={MIDDLE} y2={MIDDLE} />
            <circle className={classes["dot"]} cx={share * WIDTH} cy={MIDDLE} r={4.5} />
          </>
        )}
      </svg>
      <span className={`tabular ${classes["note"] ?? ""}`}>{words}</span>
    </div>
  );
}
