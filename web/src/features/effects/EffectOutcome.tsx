import type { Effect } from "@/api/types";
import { DataView } from "@/shared/ui/DataView";
import { useActorName } from "@/shared/api/session";
import { alreadyLocked, othersThatLocked } from "./account-locks";
import classes from "./EffectCard.module.css";

/** `isOver`: the worker does not look it up any more. */
export function EffectOutcome({ effect, isOver }: { effect: Effect; isOver: boolean }) {
  const { error, ...answer } = effect.result ?? {};
  const others = othersThatLocked(effect);
  const already = alreadyLocked(effect, useActorName());
  return (
    <>
      {already !== null && <p className={classes["note"]}>{already}</p>}
      {others.length > 0 && (
        <p className={classes["note"]}>
          This case’s lock was reversed. The account stays locked because {others.join(", ")} also locked it.
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
