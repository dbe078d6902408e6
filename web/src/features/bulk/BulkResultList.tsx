import type { CaseSummary } from "@/api/types";
import { formatScore } from "@/shared/format/numbers";
import { caseTitle } from "@/shared/kinds/kinds";
import { Tag } from "@/shared/ui/Tag";
import type { BulkItem } from "./bulk-request";
import classes from "./BulkBar.module.css";

interface BulkResultListProps {
  cases: readonly CaseSummary[];
  items: readonly BulkItem[];
  okWord: string;
}

/** What becomes of each case; those that are refused first, each with the reason. */
export function BulkResultList({ cases, items, okWord }: BulkResultListProps) {
  const refused = items.filter(({ ok }) => !ok);
  const fine = items.filter(({ ok }) => ok);
  const summaries = new Map(cases.map((item) => [item.case_id, item]));
  return (
    <>
      <p className={classes["sum"]} role="status">
        {fine.length} {okWord}
        {refused.length > 0 && `, ${refused.length} refused`}.
      </p>
      <ul className={classes["list"]} tabIndex={0} aria-label="What becomes of each case">
        {[...refused, ...fine].map((item) => (
          <li key={item.case_id} data-ok={item.ok}>
            <div className={classes["item"]}>
              <span>{nameOf(summaries.get(item.case_id), item.case_id)}</span>
              <Tag tone={item.ok ? "good" : "bad"}>{item.ok ? okWord : "refused"}</Tag>
            </div>
            {item.reason !== null && <p className={classes["reason"]}>{item.reason}</p>}
          </li>
        ))}
      </ul>
    </>
  );
}

function nameOf(item: CaseSummary | undefined, caseId: string): string {
  if (item === undefined) return caseId;
  return `${caseTitle(item)} · risk ${formatScore(item.risk_score)}`;
}
