import { Button, Skeleton } from "@mantine/core";
import { useState } from "react";
import type { RuleVersion, RuleView } from "@/api/types";
import { ApiProblem } from "@/shared/api/problem";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { humanise } from "@/shared/format/labels";
import { Panel } from "@/shared/ui/Panel";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { type RuleOrder, useChangeRule } from "./change-rule";
import { useRule } from "./list-rules";
import { RuleForm } from "./RuleForm";
import { RuleHistory } from "./RuleHistory";
import classes from "./Rules.module.css";

/** Where the page leads to when a rule is chosen. */
export const RULE_PANEL = "rule";

/** One rule: which version judges, what it judges by, and all versions before. */
export function RulePanel({ ruleId }: { ruleId: string }) {
  const rule = useRule(ruleId);
  return (
    <Panel id={RULE_PANEL} title={humanise(ruleId)} aside={rule.data && <Judging rule={rule.data} />}>
      {rule.isPending && <Skeleton height={160} />}
      {rule.isError && rule.data === undefined && (
        <ErrorState error={rule.error} onRetry={() => void rule.refetch()} retrying={rule.isFetching} />
      )}
      {rule.data !== undefined && <Changes rule={rule.data} onReload={() => void rule.refetch()} />}
    </Panel>
  );
}

function Judging({ rule: { rule } }: { rule: RuleView }) {
  const nameOf = useActorName();
  return (
    <>
      <Tag tone={rule.is_on ? "good" : "warn"} dot>
        {rule.is_on ? `Version ${rule.live_version} live` : "Off"}
      </Tag>
      {rule.shadow_version !== null && <Tag tone="accent">Version {rule.shadow_version} in shadow</Tag>}
      {rule.changed_by !== null && rule.changed_at !== null && (
        <span className={classes["note"]}>
          Changed by {nameOf(rule.changed_by)}, <Time at={rule.changed_at} format="day" />
        </span>
      )}
    </>
  );
}

/** What is asked a reason for, before it is done. */
export interface Asked {
  title: string;
  note: string;
  action: string;
  order: (reason: string) => RuleOrder;
}

function Changes({ rule, onReload }: { rule: RuleView; onReload: () => void }) {
  const mayChange = mayActAs(useIdentity(), "manager");
  const { rule_id, revision, is_on, live_version, shadow_version } = rule.rule;
  const change = useChangeRule(rule_id, revision);
  const [asked, setAsked] = useState<Asked | null>(null);
  const live = rule.versions.find(({ version }) => version === live_version);
  return (
    <div className={classes["parts"]}>
      <p className={classes["text"]}>{rule.rule.description}</p>
      {mayChange && (
        <div className={classes["buttons"]}>
          <Button size="compact-sm" variant="default" onClick={() => setAsked(switching(!is_on))}>
            {is_on ? "Switch off…" : "Switch on…"}
          </Button>
          {shadow_version !== null && (
            <Button size="compact-sm" variant="default" onClick={() => setAsked(OUT_OF_SHADOW)}>
              Take version {shadow_version} out of shadow…
            </Button>
          )}
        </div>
      )}
      <RefusedChange of={[change]} boxed>
        {change.error instanceof ApiProblem && change.error.id === "rule-changed" && (
          <Button size="compact-xs" variant="default" onClick={onReload}>
            Show the rule as it is now
          </Button>
        )}
      </RefusedChange>
      {live !== undefined && (
        <RuleForm
          // What was typed belongs to the version that it began with.
          key={`${rule_id} ${live_version}`}
          fields={rule.fields}
          base={live}
          mayChange={mayChange}
          isBusy={change.isPending}
          onDraft={(content) => setAsked(drafting(live, content))}
        />
      )}
      <RuleHistory rule={rule} mayChange={mayChange} isBusy={change.isPending} onAsk={setAsked} />
      {asked !== null && (
        <ReasonDialog
          title={asked.title}
          note={`${asked.note} Your reason is in the desk log.`}
          action={asked.action}
          onReason={(reason) => change.mutate(asked.order(reason))}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  );
}

const OUT_OF_SHADOW: Asked = {
  title: "Take the version out of shadow?",
  note: "What it would raise is counted no more. The counts stay.",
  action: "Take out",
  order: (reason) => ({ verb: "shadow/end", reason }),
};

const switching = (is_on: boolean): Asked => ({
  title: is_on ? "Switch the rule on?" : "Switch the rule off?",
  note: is_on ? "It alerts again by the version that was live." : "It alerts nobody until it is switched on.",
  action: is_on ? "Switch on" : "Switch off",
  order: (reason) => ({ verb: "switch", is_on, reason }),
});

const drafting = (base: RuleVersion, content: RuleVersion["content"]): Asked => ({
  title: "Save as a draft?",
  note: "It judges nothing until somebody puts it into shadow or makes it live.",
  action: "Save draft",
  order: (reason) => ({ verb: "draft", based_on: base.version, content, reason }),
});
