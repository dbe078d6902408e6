import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { FraudCaseView, Effect } from "@/api/types";
import { useOutage } from "@/shared/api/service";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { undoQuestion } from "@/shared/format/actions";
import { EFFECT, type Tone } from "@/shared/format/labels";
import { UndoIcon } from "@/shared/ui/icons";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { Tag } from "@/shared/ui/Tag";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { staysLocked } from "./account-locks";
import classes from "./EffectCard.module.css";
import { EffectOutcome } from "./EffectOutcome";
import { canBeReversed, useRequestReversal } from "./request-reversal";
import { ReversalCard } from "./ReversalCard";

const STATUS: Record<Effect["status"], { label: string; tone: Tone }> = {
  pending: { label: "Under way", tone: "accent" },
  done: { label: "Done", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  unknown: { label: "Not confirmed", tone: "high" },
};

const ALREADY = { label: "Already so", tone: "good" } as const;

const WAITS = { label: "Paused", tone: "warn" } as const;

/** One effect, and the requests to reverse it. */
export function EffectCard({ effect, view }: { effect: Effect; view: FraudCaseView }) {
  const [asking, { open, close }] = useDisclosure(false);
  const request = useRequestReversal(view.case_id);
  const working = mayActAs(useIdentity(), "analyst");
  const nameOf = useActorName();
  const own = view.reversals.filter(({ undoes }) => undoes === effect.key);
  return (
    <div className={classes["effect"]}>
      <EffectHead effect={effect} />
      <EffectOutcome effect={effect} isOver={view.state === "closed"} />
      {own.map((reversal) => (
        <ReversalCard
          key={reversal.reversal_id}
          reversal={reversal}
          otherLocks={view.other_locks}
          caseId={view.case_id}
        />
      ))}
      {working && canBeReversed(effect, view.reversals) && (
        <Button
          size="compact-xs"
          variant="default"
          className={classes["undo"] ?? ""}
          leftSection={<UndoIcon size={13} />}
          onClick={open}
          loading={request.isPending}
        >
          Request reversal…
        </Button>
      )}
      <RefusedChange of={[request]} className={classes["error"]} />
      {asking && (
        <ReasonDialog
          title={undoQuestion(effect.action)}
          note={noteOn(effect, view, nameOf)}
          action="Request"
          onReason={(reason) => request.mutate({ undoes: effect.key, reason })}
          onClose={close}
        />
      )}
    </div>
  );
}

const noteOn = (effect: Effect, view: FraudCaseView, nameOf: (subject: string) => string): string => {
  const others = effect.action === "lock_account" ? staysLocked(view.other_locks, nameOf) : null;
  return `Your reason goes to a manager, who must approve. Nothing is done before.${others === null ? "" : ` ${others}`}`;
};

function EffectHead({ effect }: { effect: Effect }) {
  const waits = useOutage() !== undefined && effect.status === "pending";
  const word = waits ? WAITS : effect.already == null ? STATUS[effect.status] : ALREADY;
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
