import { formatList } from "@/shared/format/lists";
import classes from "./ApprovalForm.module.css";

/** What is still to be filled in before the decision can be sent. */
export function MissingFields({ missing }: { missing: readonly string[] }) {
  if (missing.length === 0) return null;
  return (
    <p className={classes["overruling"]} role="status">
      This decision takes {formatList(missing)} here.
    </p>
  );
}
