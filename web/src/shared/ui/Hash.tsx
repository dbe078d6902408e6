import { shortHash } from "@/shared/format/labels";
import classes from "./Hash.module.css";

/** The start of a hash, with the whole of it as title. */
export function Hash({ value }: { value: string }) {
  return (
    <code className={classes["hash"]} title={value}>
      {shortHash(value)}
    </code>
  );
}
