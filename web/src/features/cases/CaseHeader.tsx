import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { CommonCase, Reversal } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { formatCost, formatNumber } from "@/shared/format/numbers";
import { outcomeLabel, stateLabel, doneReversals } from "@/shared/format/labels";
import { BackIcon } from "@/shared/ui/icons";
import { Tag } from "@/shared/ui/Tag";
import { Age, DueIn } from "@/shared/ui/Time";
import classes from "./CaseHeader.module.css";

interface CaseHeaderProps {
  view: CommonCase;
  /** What the case is about, and whom. */
  title: { what: string; whom: string | null };
  /** Requests to reverse what was done in it. */
  reversals?: readonly Reversal[];
  /** The newest reading failed: what is shown was true before. */
  outdated: boolean;
  /** What can be done with the case as a whole. */
  actions?: ReactNode;
}

/** The case's title and state. */
export function CaseHeader({ view, title, reversals = [], outdated, actions }: CaseHeaderProps) {
  const nameOf = useActorName();
  const word =
    view.outcome === null
      ? stateLabel(view.state, view.review !== null, view.hold !== null)
      : outcomeLabel(view.outcome, doneReversals(reversals));
  return (
    <header className={classes["header"]}>
      <Link to="/" className={classes["back"]} aria-label="Back to the desk" title="Back to the desk">
        <BackIcon size={18} />
      </Link>
      <div className={classes["what"]}>
        <h1>
          {title.what} {title.whom !== null && <span>· {title.whom}</span>}
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
