import { diffWordsWithSpace } from "diff";
import { useMemo } from "react";
import classes from "./Difference.module.css";

/** What was taken out of a text and put into it, word by word. */
export function Difference({ before, after }: { before: string; after: string }) {
  const parts = useMemo(() => diffWordsWithSpace(before, after), [before, after]);
  if (before === after) return <p className={classes["none"]}>None yet.</p>;
  return (
    <p className={classes["difference"]}>
      {parts.map(({ value, added, removed }, index) =>
        added ? (
          <ins key={index}>{value}</ins>
        ) : removed ? (
          <del key={index}>{value}</del>
        ) : (
          <span key={index}>{value}</span>
        ),
      )}
    </p>
  );
}
