import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { CaseView, Effect } from "@/api/types";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { errorMessage } from "@/shared/api/problem";
import { useOutage } from "@/shared/api/service";
import { EFFECT, type Tone } from "@/shared/format/labels";
import { UndoIcon } from "@/shared/ui/icons";
import { DataView } from "@/shared/ui/DataView";
import { Panel } from "@/shared/ui/Panel";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { Tag } from "@/shared/ui/Tag";
import classes from "./EffectsPanel.module.css";
import { ReversalCard } from "./ReversalCard";
import { canBeUndone, othersThatLocked, staysLocked, useReversals } from "./reversals";

const STATUS: Record<Effect["status"], { label: string; tone: Tone }> = {
  pending: { label: "Under way", tone: "accent" },
  done: { label: "Done", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  unknown: { label: "Not confirmed", tone: "high" },
};

const WAITS = { label: "Stands still", tone: "warn" } as const;

/** What was done in the customer's account, what the store answered, and what was taken back. */
export function EffectsPanel({ view }: { view: CaseView }) {
  const { effects } = view;
  if (effects.length === 0) return null;
  const done = effects.filter(({ status }) => status === "done").length;
  const partly = done > 0 && effects.some(({ status }) => status === "failed" || status === "unknown");
  return (
    <Panel
      title="Effects"
      flush
      aside={
        partly && (
          <Tag tone="high">
            Done in part: {done} of {effects.length}
          </Tag>
        )
      }
    >
      {effects.map((effect) => (
        <EffectCard key={effect.key} effect={effect} view={view} />
      ))}
    </Panel>
  );
}

function EffectCard({ effect, view }: { effect: Effect; view: CaseView }) {
  const [asking, { open, close }] = useDisclosure(false);
  const reversals = useReversals(view.case_id);
  const working = mayActAs(useIdentity(), "analyst");
  const own = view.reversals.filter(({ undoes }) => undoes === effect.key);
  return (
    <div className={classes["effect"]}>
      <EffectHead effect={effect} />
      <EffectOutcome effect={effect} isOver={view.state === "closed"} />
      {own.map((reversal) => (
        <ReversalCard
          key={reversal.reversal_id}
          reversal={reversal}
          alsoLockedBy={view.also_locked_by}
          deciding={reversals.decide}
        />
      ))}
      {working && canBeUndone(effect, view.reversals) && (
        <Button
          size="compact-xs"
          variant="default"
          className={classes["undo"] ?? ""}
          leftSection={<UndoIcon size={13} />}
          onClick={open}
          loading={reversals.request.isPending}
        >
          Take back…
        </Button>
      )}
      {reversals.request.isError && (
        <p className={classes["error"]} role="alert">
          {errorMessage(reversals.request.error)}
        </p>
      )}
      {asking && (
        <ReasonDialog
          title={effect.action === "lock_account" ? "Unlock the account again?" : "Reverse the refund?"}
          note={noteOn(effect, view)}
          action="Ask for it"
          onReason={(reason) => reversals.request.mutate({ undoes: effect.key, reason })}
          onClose={close}
        />
      )}
    </div>
  );
}

const noteOn = (effect: Effect, view: CaseView): string => {
  const others = effect.action === "lock_account" ? staysLocked(view.also_locked_by) : null;
  return `Your reason goes to a manager, who must agree. Nothing is done before.${others === null ? "" : ` ${others}`}`;
};

export function EffectHead({ effect }: { effect: Effect }) {
  const waits = useOutage() !== undefined && effect.status === "pending";
  const word = waits ? WAITS : STATUS[effect.status];
  return (
    <>
      <div className={classes["head"]}>
        <span className={classes["action"]}>{EFFECT[effect.action]}</span>
        <Tag tone={word.tone} dot>
          {word.label}
        </Tag>
      </div>
      <code className={classes["key"]} title="Idempotency key: at most one effect bears it">
        {effect.key}
      </code>
    </>
  );
}

/** `isOver`: nobody looks after it any more. */
export function EffectOutcome({ effect, isOver }: { effect: Effect; isOver: boolean }) {
  const { error, ...answer } = effect.result ?? {};
  const others = othersThatLocked(effect);
  return (
    <>
      {others.length > 0 && (
        <p className={classes["note"]}>
          This case’s lock was taken back. The account stays locked because {others.join(", ")} also locked
          it.
        </p>
      )}
      {effect.status === "unknown" && (
        <p className={classes["note"]}>
          {isOver
            ? "The store never confirmed this: it may have been done, or not. Nobody looks any more: look at the account yourself."
            : "The store has not confirmed this: it may have been done, or not. Its ledger is read until that is certain; it is never repeated blindly."}
        </p>
      )}
      {effect.status === "failed" && typeof error === "string" && <p className={classes["error"]}>{error}</p>}
      {Object.keys(answer).length > 0 && (
        <details className={classes["result"]}>
          <summary>Answer of the customer store</summary>
          <DataView value={answer} />
        </details>
      )}
    </>
  );
}
