import { Time } from "@/shared/ui/Time";
import { useCaseAudit } from "./get-case-audit";
import classes from "./Timeline.module.css";

const sentence = (words: string): string => words.replace(/\.?$/, ".");

/** A line of the access record is named by its own number; everything else by the event that made it. */
const placeOf = ({ row, seq }: { row: string; seq: number }): string =>
  row.startsWith("access") ? row : `${row} of #${seq}`;

/** What is wrong with the record, and what was to be done although nothing on record justified it. */
export function IntegrityAlert({ caseId }: { caseId: string }) {
  const audit = useCaseAudit(caseId).data;
  if (audit === undefined || (audit.intact && audit.refused.length === 0)) return null;
  return (
    <div className={classes["faults"]} role="alert">
      {!audit.intact && (
        <p>
          The record of this case was changed outside of Casewright
          {audit.broken !== null && ` (${placeOf(audit.broken)})`}:{" "}
          {sentence(audit.broken?.reason ?? "the log does not follow from itself")}
        </p>
      )}
      {audit.refused.map(({ reason, sentence, attempts, last_at }) => (
        <p key={reason}>
          Refused{attempts > 1 && ` ${attempts} times`}, last <Time at={last_at} format="day" />: {sentence}{" "}
          Nothing was done.
        </p>
      ))}
    </div>
  );
}
