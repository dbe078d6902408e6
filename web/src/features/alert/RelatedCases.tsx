import type { FraudCaseView } from "@/api/types";
import classes from "./AlertsPanel.module.css";
import { CaseLink } from "./CaseLink";
import { MergeButtons } from "./MergeButtons";

/** Cases of the same customer: before and after this one, and those that are open beside it. */
export function RelatedCases({ view }: { view: FraudCaseView }) {
  const { follows, followed_by, merged_into } = view;
  return (
    <ul className={classes["related"]} aria-label="Related cases">
      {merged_into !== null && (
        <li>
          Merged into <CaseLink id={merged_into} />
        </li>
      )}
      {follows !== null && (
        <li>
          Follows <CaseLink id={follows} />
        </li>
      )}
      {followed_by.map((id) => (
        <li key={id}>
          Later evidence: <CaseLink id={id} />
        </li>
      ))}
      <MergeButtons view={view} />
    </ul>
  );
}
