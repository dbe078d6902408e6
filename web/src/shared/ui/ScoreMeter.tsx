import { formatScore } from "@/shared/format/numbers";
import classes from "./ScoreMeter.module.css";

export type ScoreLevel = "low" | "medium" | "high" | "critical";

interface ScoreMeterProps {
  score: number | null | undefined;
  level?: ScoreLevel | null | undefined;
  /** Where automatic clearing ends, drawn as a tick. */
  threshold?: number | undefined;
  size?: "sm" | "lg";
  label?: string;
}

/** A risk score from 0 to 1 as a number and a bar. */
export function ScoreMeter({ score, level, threshold, size = "sm", label = "Risk score" }: ScoreMeterProps) {
  const known = score !== null && score !== undefined;
  return (
    <div className={classes["meter"]} data-size={size} data-level={known ? (level ?? "none") : "none"}>
      <span className={`tabular ${classes["number"] ?? ""}`}>{formatScore(score)}</span>
      <div
        className={classes["track"]}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={1}
        aria-valuenow={known ? score : 0}
        aria-valuetext={known ? formatScore(score) : "no score yet"}
      >
        {known && <div className={classes["bar"]} style={{ width: `${score * 100}%` }} />}
        {threshold !== undefined && (
          <div
            className={classes["tick"]}
            style={{ left: `${threshold * 100}%` }}
            title={`Cases below ${formatScore(threshold)} may be cleared automatically`}
          />
        )}
      </div>
    </div>
  );
}

/** Specialists give no level of their own: the bands are those of the colour only. */
export function levelOf(score: number | null | undefined, threshold: number): ScoreLevel | undefined {
  if (score === null || score === undefined) return undefined;
  if (score < threshold / 2) return "low";
  if (score < threshold) return "medium";
  return score < threshold + (1 - threshold) / 2 ? "high" : "critical";
}
