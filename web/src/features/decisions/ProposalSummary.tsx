import type { Proposal, ReviewRequest } from "@/api/types";
import { usePeople } from "@/shared/api/session";
import { ACTION, DISPOSITION } from "@/shared/format/labels";
import { CheckIcon, PeopleIcon } from "@/shared/ui/icons";
import { Person } from "@/shared/ui/Person";
import { Time } from "@/shared/ui/Time";
import { missingApprovers } from "./decision-permission";
import classes from "./ProposalSummary.module.css";

interface ProposalSummaryProps {
  proposal: Proposal;
  review: ReviewRequest;
}

/** What one person approved, and who is missing. */
export function ProposalSummary({ proposal, review }: ProposalSummaryProps) {
  const missing = missingApprovers(usePeople(), proposal, review).map(({ name }) => name);
  return (
    <div className={classes["box"]}>
      <h3 className={classes["title"]}>
        <PeopleIcon size={15} /> {ACTION[proposal.action]} needs two approvals
      </h3>
      <ol className={classes["people"]}>
        {proposal.approvals.map((approval) => (
          <li key={approval.approved_by}>
            <span className={classes["given"]}>
              <CheckIcon size={13} />
            </span>
            <span className={classes["who"]}>
              <Person subject={approval.approved_by} />
              <span className={classes["when"]}>
                approved at <Time at={approval.approved_at} format="minute" />
              </span>
            </span>
            {approval.comment != null && <p className={classes["comment"]}>“{approval.comment}”</p>}
          </li>
        ))}
        <li>
          <span className={classes["missing"]} aria-hidden="true" />
          <span>
            Second approval missing
            {missing.length > 0 && <span className={classes["when"]}>: {oneOf(missing)}</span>}
          </span>
        </li>
      </ol>
      {proposal.disposition != null && (
        <p className={classes["disposition"]}>Disposition: {DISPOSITION[proposal.disposition].label}</p>
      )}
    </div>
  );
}

const oneOf = (names: readonly string[]): string =>
  new Intl.ListFormat("en", { type: "disjunction" }).format(names);
