import { Button, Skeleton } from "@mantine/core";
import type { RuleSummary } from "@/api/types";
import { humanise } from "@/shared/format/labels";
import { formatNumber } from "@/shared/format/numbers";
import { Panel } from "@/shared/ui/Panel";
import { ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { useRuleList } from "./list-rules";
import classes from "./Rules.module.css";

interface RuleListProps {
  chosen: string | null;
  onChoose: (ruleId: string) => void;
}

/** All rules: which version judges, and what it found in the last seven days. */
export function RuleList({ chosen, onChoose }: RuleListProps) {
  const rules = useRuleList();
  return (
    <Panel title="All rules">
      {rules.isPending && <Skeleton height={160} />}
      {rules.isError && rules.data === undefined && (
        <ErrorState error={rules.error} onRetry={() => void rules.refetch()} retrying={rules.isFetching} />
      )}
      {rules.data !== undefined && (
        <ul className={classes["list"]} aria-label="Rules">
          {rules.data.map((rule) => (
            <RuleLine
              key={rule.rule_id}
              rule={rule}
              isChosen={rule.rule_id === chosen}
              onChoose={() => {
                onChoose(rule.rule_id);
              }}
            />
          ))}
        </ul>
      )}
    </Panel>
  );
}

interface RuleLineProps {
  rule: RuleSummary;
  isChosen: boolean;
  onChoose: () => void;
}

function RuleLine({ rule, isChosen, onChoose }: RuleLineProps) {
  const name = humanise(rule.rule_id);
  return (
    <li className={classes["line"]}>
      <div className={classes["what"]}>
        <div className={classes["tags"]}>
          <strong>{name}</strong>
          <Tag tone={rule.is_on ? "good" : "warn"} dot>
            {rule.is_on ? `Version ${rule.live_version} live` : "Off"}
          </Tag>
          {rule.shadow_version !== null && <Tag tone="accent">Version {rule.shadow_version} in shadow</Tag>}
          {rule.failures > 0 && <Tag tone="bad">Fails</Tag>}
          {rule.drafts > 0 && <Tag>{rule.drafts === 1 ? "1 draft" : `${rule.drafts} drafts`}</Tag>}
        </div>
        <p className={classes["text"]}>{rule.description}</p>
        <span className={classes["note"]}>{foundBy(rule)}</span>
      </div>
      <Button
        size="compact-xs"
        variant="default"
        aria-pressed={isChosen}
        aria-label={`Show ${name}`}
        onClick={onChoose}
      >
        Show
      </Button>
    </li>
  );
}

function foundBy({ alerts, failures, shadow_signals, shadow_version, snoozed_signals }: RuleSummary): string {
  const parts = [`${formatNumber(alerts)} ${alerts === 1 ? "alert" : "alerts"} in 7 days`];
  if (shadow_version !== null) parts.push(`${formatNumber(shadow_signals)} in shadow`);
  if (snoozed_signals > 0) parts.push(`${formatNumber(snoozed_signals)} snoozed`);
  if (failures > 0) parts.push(`failed at ${formatNumber(failures)} events`);
  return parts.join(" · ");
}
