import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { CaseView } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { formatCost, formatNumber } from "@/shared/format/numbers";
import { humanise, outcomeLabel, stateLabel, doneReversals } from "@/shared/format/labels";
import { BackIcon } from "@/shared/ui/icons";
import { Tag } from "@/shared/ui/Tag";
import { Age, DueIn } from "@/shared/ui/Time";
import classes from "./CaseHeader.module.css";

interface CaseHeaderProps {
  view: CaseView;
  /** The newest reading failed: what is shown was true before. */
  outdated: boolean;
  /** What can be done with the case as a whole. */
  actions?: ReactNode;
}

/** The case's title and state. */
export function CaseHeader({ view, outdated, actions }: CaseHeaderProps) {
  const nameOf = useActorName();
  const word =
    view.outcome === null
      ? stateLabel(view.state, view.review !== null, view.hold !== null)
      : outcomeLabel(view.outcome, doneReversals(view.reversals));
  return (
    <header className={classes["header"]}>
      <Link to="/" className={classes["back"]} aria-label="Back to the desk" title="Back to the desk">
        <BackIcon size={18} />
      </Link>
      <div className={classes["what"]}>
        <h1>
          {humanise(view.alert.alert_type)} <span>· Customer {view.alert.customer_id}</span>
        </h1>
        <code className={classes["id"]}>{view.case_id}</code>
      </div>
      <dl className={classes["facts"]}>
        {outdated && (
          <div>
            <dt>Not refreshed</dt>
            <dd className={classes["outdated"]}>may be out of date</dd>
          </div>
        )}
        <div>
          <dt>Opened</dt>
          <dd>
            <Age at={view.opened_at} ago />
            {view.opened_by != null && ` by ${nameOf(view.opened_by)}`}
          </dd>
        </div>
        <div>
          <dt>Round</dt>
          <dd className="tabular">{view.round}</dd>
        </div>
        {view.spend != null && (
          <div>
            <dt>Cost</dt>
            <dd className="tabular" title={`${formatNumber(view.spend.model_calls)} model calls`}>
              {view.spend.cost_usd === null ? "unknown" : formatCost(view.spend.cost_usd)}
            </dd>
          </div>
        )}
        {view.review !== null && (
          <div>
            <dt>Due in</dt>
            <dd>
              <DueIn at={view.review.due_at} />
            </dd>
          </div>
        )}
        <div>
          <dt>State</dt>
          <dd>
            <span role="status">
              <Tag tone={word.tone} dot>
                {word.label}
              </Tag>
            </span>
          </dd>
        </div>
      </dl>
      {actions}
    </header>
  );
}
