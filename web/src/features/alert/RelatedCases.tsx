import { Link } from "@tanstack/react-router";
import type { CaseView } from "@/api/types";
import classes from "./AlertsPanel.module.css";

/** Cases of the same customer before and after this one: what could not join it any more. */
export function RelatedCases({ view: { follows, followed_by } }: { view: CaseView }) {
  if (follows === null && followed_by.length === 0) return null;
  return (
    <ul className={classes["related"]} aria-label="Related cases">
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
    </ul>
  );
}

const CaseLink = ({ id }: { id: string }) => (
  <Link to="/cases/$caseId" params={{ caseId: id }}>
    <code>{id}</code>
  </Link>
);
