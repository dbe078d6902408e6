import { formatNumber } from "@/shared/format/numbers";
import classes from "./Lab.module.css";

const HEIGHT = 150;
const LEFT = 34;
const BOTTOM = 18;
const WIDTH = 720;
const MOST_LABELS = 8;

/** One part of a day's bar. Parts with `isBelow` hang under the axis. */
export interface Part {
  name: string;
  tone: "kept" | "gained" | "lost" | "raised" | "shadow" | "snoozed";
  isBelow?: boolean;
}

export interface Day {
  day: string;
  /** In the order of the parts. */
  counts: readonly number[];
}

interface DayChartProps {
  title: string;
  parts: readonly Part[];
  days: readonly Day[];
}

/** Counts day by day as bars of several parts, and the same as a table. */
export function DayChart({ title, parts, days }: DayChartProps) {
  const sumOf = ({ counts }: Day, below: boolean) =>
    parts.reduce((sum, part, at) => sum + ((part.isBelow ?? false) === below ? (counts[at] ?? 0) : 0), 0);
  const above = Math.max(1, ...days.map((day) => sumOf(day, false)));
  const below = Math.max(0, ...days.map((day) => sumOf(day, true)));
  const scale = (HEIGHT - BOTTOM - 6) / (above + below);
  const zero = 6 + above * scale;
  const step = (WIDTH - LEFT) / Math.max(1, days.length);
  const width = Math.max(1, Math.min(28, step * 0.7));
  const labelEvery = Math.ceil(days.length / MOST_LABELS);
  return (
    <figure className={classes["figure"]}>
      <figcaption className={classes["caption"]}>
        <strong>{title}</strong>
        {parts.map(({ name, tone }) => (
          <span key={name} className={classes["key"]}>
            <span className={classes["swatch"]} data-tone={tone} aria-hidden="true" /> {name}
          </span>
        ))}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={classes["chart"]} role="img" aria-label={title}>
        <text className={classes["tickText"]} x={LEFT - 6} y={10} textAnchor="end">
          {formatNumber(above)}
        </text>
        <text className={classes["tickText"]} x={LEFT - 6} y={zero + 3} textAnchor="end">
          0
        </text>
        {below > 0 && (
          <text className={classes["tickText"]} x={LEFT - 6} y={HEIGHT - BOTTOM} textAnchor="end">
            {formatNumber(below)}
          </text>
        )}
        {days.map((day, index) => {
          const x = LEFT + index * step + (step - width) / 2;
          return (
            <g key={day.day}>
              <title>
                {`${day.day}: ${parts.map(({ name }, at) => `${name} ${day.counts[at] ?? 0}`).join(", ")}`}
              </title>
              {stacked(parts, day, zero, scale).map(({ part, y, height }) => (
                <rect
                  key={part.name}
                  className={classes["bar"]}
                  data-tone={part.tone}
                  x={x}
                  y={y}
                  width={width}
                  height={height}
                />
              ))}
              {index % labelEvery === 0 && (
                <text className={classes["tickText"]} x={x + width / 2} y={HEIGHT - 4} textAnchor="middle">
                  {day.day.slice(5)}
                </text>
              )}
            </g>
          );
        })}
        <line className={classes["axis"]} x1={LEFT} x2={WIDTH} y1={zero} y2={zero} />
      </svg>
      <CountTable title={title} parts={parts} days={days} />
    </figure>
  );
}

function CountTable({ title, parts, days }: DayChartProps) {
  return (
    <details className={classes["details"]}>
      <summary>As a table</summary>
      <table className={classes["table"]} aria-label={title}>
        <thead>
          <tr>
            <th scope="col">Day</th>
            {parts.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {days.map(({ day, counts }) => (
            <tr key={day}>
              <th scope="row">{day}</th>
              {parts.map(({ name }, at) => (
                <td key={name}>{formatNumber(counts[at] ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

interface Placed {
  part: Part;
  y: number;
  height: number;
}

function stacked(parts: readonly Part[], { counts }: Day, zero: number, scale: number): Placed[] {
  let up = zero;
  let down = zero;
  return parts.flatMap((part, at) => {
    const height = (counts[at] ?? 0) * scale;
    if (height === 0) return [];
    if (part.isBelow === true) {
      down += height;
      return [{ part, y: down - height, height }];
    }
    up -= height;
    return [{ part, y: up, height }];
  });
}
