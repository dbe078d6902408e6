import { Skeleton } from "@mantine/core";
import type { DeskChange } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { formatNumber } from "@/shared/format/numbers";
import { EarlierPageButton } from "@/shared/ui/EarlierPageButton";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import classes from "./DeskLogPanel.module.css";
import { useDeskChanges } from "./list-desk-changes";

/** What people changed of settings, views, webhooks and rules, with the values before and after. For managers. */
export function DeskLogPanel() {
  const changes = useDeskChanges();
  return (
    <Panel
      title="Desk log"
      aside={changes.data && <span className={classes["note"]}>{formatNumber(changes.data.total)}</span>}
    >
      {changes.isPending && <Skeleton height={60} />}
      {changes.isError && changes.data === undefined && (
        <ErrorState
          error={changes.error}
          onRetry={() => void changes.refetch()}
          retrying={changes.isFetching}
        />
      )}
      {changes.data?.total === 0 && (
        <EmptyState title="Nothing was changed yet">
          Settings, saved views and webhooks are logged here.
        </EmptyState>
      )}
      {changes.data !== undefined && changes.data.total > 0 && (
        <ol className={classes["list"]} aria-label="Changes, newest first" tabIndex={0}>
          {changes.data.items.toReversed().map((change) => (
            <ChangeLine key={change.number} change={change} />
          ))}
        </ol>
      )}
      <EarlierPageButton what="changes" list={changes} />
    </Panel>
  );
}

function ChangeLine({ change }: { change: DeskChange }) {
  const nameOf = useActorName();
  const { actor, at, before, after } = change;
  return (
    <li className={classes["change"]}>
      <strong>{nameOf(actor)}</strong> {sentence(change, nameOf)} <Time at={at} format="day" />
      <dl className={classes["values"]}>
        <dt>Before</dt>
        <dd>{written(before)}</dd>
        <dt>After</dt>
        <dd>{written(after)}</dd>
      </dl>
    </li>
  );
}

function sentence({ kind, name, owner, actor }: DeskChange, nameOf: (actor: string) => string): string {
  const view = owner === null || owner === actor ? `view “${name}”` : `${nameOf(owner)}'s view “${name}”`;
  switch (kind) {
    case "view_saved":
      return `saved the ${view}`;
    case "view_deleted":
      return `deleted the ${view}`;
    case "view_unshared":
      return `stopped sharing ${view}`;
    case "assignment_changed":
      return "changed how cases are assigned";
    case "user_linked":
      return `said which customer “${name}” is`;
    case "conversation_erased":
      return `erased the conversation with “${name}”`;
    case "subscription_created":
      return `made the webhook ${name}`;
    case "subscription_changed":
      return `changed the webhook ${name}`;
    case "subscription_deleted":
      return `deleted the webhook ${name}`;
    case "events_replayed":
      return `had events sent again to the webhook ${name}`;
    case "dead_letters_resent":
      return `had what was given up sent again to the webhook ${name}`;
    case "dead_letter_dropped":
      return `dropped an event that was given up for the webhook ${name}`;
    case "schedule_paused":
      return `paused the schedule “${name}”`;
    case "schedule_resumed":
      return `resumed the schedule “${name}”`;
    case "counts_reset":
      return "set the message counts of all users to 0";
    case "telemetry_retried":
      return "had telemetry tried again that was not evaluated";
    case "telemetry_dropped":
      return "dropped telemetry that was not evaluated";
    case "rule_drafted":
      return `put ${name} on record`;
    case "rule_shadowed":
      return `put another version of the rule ${name} into shadow`;
    case "rule_shadow_ended":
      return `took the version of the rule ${name} in shadow out`;
    case "rule_promoted":
      return `made another version of the rule ${name} live`;
    case "rule_rolled_back":
      return `went back to an earlier version of the rule ${name}`;
    case "rule_switched_off":
      return `switched the rule ${name} off`;
    case "rule_switched_on":
      return `switched the rule ${name} on`;
    case "alerts_snoozed":
      return `snoozed alerts of ${name}`;
    case "alerts_unsnoozed":
      return `ended the snooze of alerts of ${name}`;
    case "suppression_added":
      return `lets the ${name} never count`;
    case "back_test_requested":
      return `ordered a back-test of ${name}`;
    case "back_test_cancelled":
      return `cancelled a back-test of ${name}`;
    case "suppression_removed":
      return `lets the ${name} count again`;
    case "model_rolled_back":
      return `went back to an earlier model of the learned score, as ${name}`;
    case "case_purged":
      return `purged ${name}, which had been kept for long enough`;
    case "accesses_purged":
      return "deleted lines of the access record that had been kept for long enough";
  }
}

const written = (values: DeskChange["before"]): string =>
  values === null ? "nothing" : JSON.stringify(values);
