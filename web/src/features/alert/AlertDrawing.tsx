import { useId } from "react";
import classes from "./AlertDrawings.module.css";
import type { Drawing, DrawingMark } from "./get-drawings";

/** One picture as the server laid it out, and the same in numbers. */
export function AlertDrawing({ drawing }: { drawing: Drawing }) {
  const id = useId();
  const { title, summary, width, height, marks, notes } = drawing;
  return (
    <figure className={classes["figure"]}>
      <figcaption id={`${id}-title`} className={classes["title"]}>
        {title}
      </figcaption>
      <div className={classes["scroll"]} tabIndex={0} role="group" aria-label={`${title}, drawn`}>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-labelledby={`${id}-title`}
          aria-describedby={`${id}-summary`}
          className={classes["svg"]}
        >
          <desc id={`${id}-summary`}>{summary}</desc>
          {marks.map((mark, index) => (
            // Marks are never moved or added.
            <Mark key={index} mark={mark} />
          ))}
        </svg>
      </div>
      {notes.map((note) => (
        <p key={note} className={classes["note"]}>
          {note}
        </p>
      ))}
      <details className={classes["numbers"]}>
        <summary>The same in numbers</summary>
        <NumbersTable drawing={drawing} />
      </details>
    </figure>
  );
}

function Mark({ mark }: { mark: DrawingMark }) {
  switch (mark.shape) {
    case "path":
      return (
        <path data-role={mark.role} data-line={!mark.closed} d={pathOf(mark.points, mark.closed)}>
          <Tip text={mark.tip} />
        </path>
      );
    case "circle":
      return (
        <circle data-role={mark.role} cx={mark.x} cy={mark.y} r={mark.r}>
          <Tip text={mark.tip} />
        </circle>
      );
    case "rect":
      return (
        <rect data-role={mark.role} x={mark.x} y={mark.y} width={mark.width} height={mark.height}>
          <Tip text={mark.tip} />
        </rect>
      );
    case "text":
      return (
        <text data-role={mark.role} x={mark.x} y={mark.y} textAnchor={mark.anchor}>
          {mark.text}
        </text>
      );
  }
}

const pathOf = (points: readonly (readonly number[])[], closed: boolean): string =>
  `M${points.map((point) => point.join(",")).join(" ")}${closed ? "Z" : ""}`;

/** What a pointer over the mark shows; others read the table. */
function Tip({ text }: { text: string | null }) {
  return text === null ? null : <title>{text}</title>;
}

function NumbersTable({ drawing: { title, columns, rows } }: { drawing: Drawing }) {
  return (
    <div className={classes["scroll"]} tabIndex={0} role="group" aria-label={`${title}, in numbers`}>
      <table className={classes["table"]}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, number) => (
            <tr key={number}>
              {row.map((cell, index) => (
                <td key={index}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
