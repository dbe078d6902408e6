import { Checkbox } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { CaseSummary } from "@/api/types";
import { LegalHoldTag } from "@/shared/cases/LegalHoldTag";
import { isSnoozed } from "@/shared/cases/snooze";
import { needsFourEyes } from "@/shared/cases/four-eyes";
import { outcomeLabel, SEVERITY, stateLabel } from "@/shared/format/labels";
import { KINDS } from "@/shared/kinds/kinds";
import { PeopleIcon, SnoozeIcon } from "@/shared/ui/icons";
import { Person } from "@/shared/ui/Person";
import { ScoreMeter } from "@/shared/ui/ScoreMeter";
import { Tag } from "@/shared/ui/Tag";
import { Age, DueIn, Time } from "@/shared/ui/Time";
import { useNow } from "@/shared/use-now";
import classes from "./CaseQueue.module.css";

interface CaseRowProps {
  item: CaseSummary;
  threshold: number | undefined;
  selected: boolean;
  /** Missing where nothing can be done with several cases at once. */
  onSelect: ((item: CaseSummary, chosen: boolean, range: boolean) => void) | undefined;
}

/** One case of the queue. The whole row leads to it. */
export function CaseRow({ item, threshold, selected, onSelect }: CaseRowProps) {
  const title = KINDS[item.kind].title(item);
  return (
    <tr
      className={classes["row"]}
      data-attention={item.state === "awaiting_review"}
      data-escalated={item.state === "escalated"}
      data-selected={selected}
    >
      {onSelect !== undefined && (
        <td className={classes["select"]}>
          <Checkbox
            size="xs"
            checked={selected}
            onChange={(event) => {
              const { shiftKey } = event.nativeEvent as MouseEvent;
              onSelect(item, event.currentTarget.checked, shiftKey);
            }}
            aria-label={`Select ${(title.whom === null ? title.what : `${title.what} of ${title.whom}`).toLowerCase()}`}
          />
        </td>
      )}
      <td className={classes["risk"]}>
        <ScoreMeter score={item.risk_score} level={item.risk_level} threshold={threshold} />
      </td>
      <td className={classes["case"]}>
        <div className={classes["title"]}>
          <Link to="/cases/$caseId" params={{ caseId: item.case_id }} className={classes["link"]}>
            {title.what}
            {title.whom !== null && <span className={classes["customer"]}> · {title.whom}</span>}
          </Link>
          {(item.severity === "critical" || item.severity === "high") && (
            <Tag tone={SEVERITY[item.severity].tone} title="The worst severity of its alerts">
              {SEVERITY[item.severity].label}
            </Tag>
          )}
        </div>
        {item.description !== title.what && (
          <div className={classes["description"]} title={item.description}>
            {item.description}
          </div>
        )}
      </td>
      <td className={classes["status"]}>
        <CaseStatus item={item} />
      </td>
      <td className={classes["who"]}>
        <Whose item={item} />
      </td>
      <td className={classes["due"]}>
        {item.due_at === null || item.state === "closed" ? (
          <span className={classes["none"]}>–</span>
        ) : (
          <DueIn at={item.due_at} />
        )}
      </td>
      <td className={classes["age"]}>
        <Age at={item.opened_at} />
      </td>
    </tr>
  );
}

/** Who works on it; while nobody does, whose it is. */
function Whose({ item: { claim, assignment } }: { item: CaseSummary }) {
  if (claim !== null) return <Person subject={claim.assignee} />;
  if (assignment === null) return <span className={classes["none"]}>–</span>;
  return (
    <span className={classes["none"]} title="Assigned, and nobody works on it now">
      <Person subject={assignment.assigned_to} />
    </span>
  );
}

function CaseStatus({ item }: { item: CaseSummary }) {
  const word =
    item.outcome === null
      ? stateLabel(item.state, item.review !== null, item.hold !== null)
      : outcomeLabel(item.outcome, item.reversed);
  return (
    <div className={classes["state"]}>
      <Tag tone={word.tone} dot>
        {word.label}
      </Tag>
      {item.alert_count > 1 && <span className={classes["round"]}>{item.alert_count} alerts</span>}
      {item.round > 1 && <span className={classes["round"]}>Round {item.round}</span>}
      <FourEyes item={item} />
      <SnoozedUntil item={item} />
      {item.legal_hold !== null && <LegalHoldTag />}
    </div>
  );
}

function SnoozedUntil({ item: { snooze } }: { item: CaseSummary }) {
  const now = useNow();
  if (!isSnoozed(snooze, now)) return null;
  return (
    <Tag title="Snoozed: it comes back by itself">
      <SnoozeIcon size={12} /> until <Time at={snooze.until} format="day" />
    </Tag>
  );
}

function FourEyes({ item: { proposal, review, recommended_action } }: { item: CaseSummary }) {
  if (proposal !== null) {
    return (
      <Tag tone="accent" title="The first approval is given; another person must give the second">
        <PeopleIcon size={12} /> {proposal.approvals.length} of 2
      </Tag>
    );
  }
  if (review === null || recommended_action === null || !needsFourEyes(review, recommended_action))
    return null;
  return (
    <span className={classes["round"]} title="The recommended action needs two approvals">
      <PeopleIcon size={13} /> <span className={classes["hidden"]}>needs two approvals</span>
    </span>
  );
}
