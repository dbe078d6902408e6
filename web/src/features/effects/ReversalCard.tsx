import { Button } from "@mantine/core";
import { useState } from "react";
import type { EffectOrder, Reversal } from "@/api/types";
import { errorMessage } from "@/shared/api/problem";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { EFFECT, type Tone } from "@/shared/format/labels";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { othersThatLocked, staysLocked } from "./account-locks";
import { useDecideReversal } from "./decide-reversal";
import classes from "./EffectCard.module.css";
import { EffectOutcome } from "./EffectOutcome";

const STATUS: Record<Reversal["status"], { label: string; tone: Tone }> = {
  requested: { label: "Requested", tone: "warn" },
  approved: { label: "Approved", tone: "accent" },
  refused: { label: "Refused", tone: "neutral" },
  done: { label: "Done", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
};

const LOCK_REVERSED = { label: "Lock reversed", tone: "neutral" } as const;

interface ReversalCardProps {
  caseId: string;
  reversal: Reversal;
  /** Other cases whose lock of the account is active. */
  otherLocks: readonly EffectOrder[];
}

/** One reversal: who requested it, why, and its result. */
export function ReversalCard({ caseId, reversal, otherLocks }: ReversalCardProps) {
  const nameOf = useActorName();
  const staysLockedByOthers = reversal.effect !== null && othersThatLocked(reversal.effect).length > 0;
  const word = reversal.status === "done" && staysLockedByOthers ? LOCK_REVERSED : STATUS[reversal.status];
  return (
    <div className={classes["reversal"]}>
      <div className={classes["head"]}>
        <span className={classes["action"]}>{EFFECT[reversal.action]}</span>
        <Tag tone={word.tone} dot>
          {word.label}
        </Tag>
      </div>
      <p className={classes["note"]}>
        Requested by {nameOf(reversal.requested_by)}, <Time at={reversal.requested_at} format="day" />: “
        {reversal.reason}”
      </p>
      {reversal.decided_by !== null && (
        <p className={classes["note"]}>
          {nameOf(reversal.decided_by)} {reversal.status === "refused" ? "refused" : "approved"} it
          {reversal.comment !== null && `: “${reversal.comment}”`}
        </p>
      )}
      {reversal.effect !== null && (
        <EffectOutcome effect={reversal.effect} isOver={reversal.status !== "approved"} />
      )}
      {reversal.status === "requested" && (
        <>
          {reversal.action === "unlock_account" && otherLocks.length > 0 && (
            <p className={classes["note"]}>{staysLocked(otherLocks, nameOf)}</p>
          )}
          <ReversalDecision caseId={caseId} reversal={reversal} />
        </>
      )}
    </div>
  );
}

function ReversalDecision({ caseId, reversal }: Omit<ReversalCardProps, "otherLocks">) {
  const decide = useDecideReversal(caseId, reversal);
  const [refusing, setRefusing] = useState(false);
  const identity = useIdentity();
  if (reversal.requested_by === identity?.subject) {
    return (
      <>
        <p className={classes["note"]}>You requested it: a manager other than you must approve.</p>
        <Button
          size="compact-xs"
          variant="default"
          className={classes["undo"] ?? ""}
          onClick={() => decide.mutate({ verdict: "reject" })}
          loading={decide.isPending}
        >
          Withdraw the request
        </Button>
        <ReversalError error={decide.error} />
      </>
    );
  }
  if (!mayActAs(identity, "manager")) return <p className={classes["note"]}>A manager must approve.</p>;
  return (
    <>
      <div className={classes["buttons"]}>
        <Button
          size="compact-xs"
          onClick={() => decide.mutate({ verdict: "approve" })}
          loading={decide.isPending}
        >
          Approve: {EFFECT[reversal.action].toLowerCase()}
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => setRefusing(true)}
          disabled={decide.isPending}
        >
          Refuse…
        </Button>
      </div>
      <ReversalError error={decide.error} />
      {refusing && (
        <ReasonDialog
          title="Refuse the reversal?"
          note="What was done stays as it is. Your reason stays in the log."
          action="Refuse"
          onReason={(comment) => decide.mutate({ verdict: "reject", comment })}
          onClose={() => setRefusing(false)}
        />
      )}
    </>
  );
}

function ReversalError({ error }: { error: Error | null }) {
  if (error === null) return null;
  return (
    <p className={classes["error"]} role="alert">
      {errorMessage(error)}
    </p>
  );
}
