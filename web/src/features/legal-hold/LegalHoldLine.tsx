import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { CommonCase } from "@/api/types";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { LegalHoldTag } from "@/shared/cases/LegalHoldTag";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { Time } from "@/shared/ui/Time";
import { useLiftLegalHold } from "./lift-legal-hold";
import { usePlaceLegalHold } from "./place-legal-hold";
import classes from "./LegalHoldLine.module.css";

const PLACE = {
  title: "Place a legal hold?",
  note: "Nothing of this case is purged or erased until a manager lifts that. Your reason stays in the log.",
  action: "Place legal hold",
};
const LIFT = {
  title: "Lift the legal hold?",
  note: "The case is purged once it has been kept for its full time from now on. Your reason stays in the log.",
  action: "Lift legal hold",
};

/** That nothing of a case is purged or erased; managers place and lift that. */
export function LegalHoldLine({ view }: { view: CommonCase }) {
  const managing = mayActAs(useIdentity(), "manager");
  const nameOf = useActorName();
  const [asking, { open, close }] = useDisclosure(false);
  const place = usePlaceLegalHold(view.case_id);
  const lift = useLiftLegalHold(view.case_id);
  const held = view.legal_hold;
  if (held === null && !managing) return null;
  const change = held === null ? place : lift;
  return (
    <div className={classes["line"]}>
      {held !== null && (
        <span className={classes["text"]}>
          <LegalHoldTag /> by {nameOf(held.held_by)} since <Time at={held.held_since} format="day" />:{" "}
          {held.reason}
        </span>
      )}
      {managing && (
        <Button size="compact-xs" variant="subtle" onClick={open} loading={change.isPending}>
          {held === null ? "Legal hold…" : "Lift…"}
        </Button>
      )}
      <RefusedChange of={[place, lift]} />
      {asking && (
        <ReasonDialog
          {...(held === null ? PLACE : LIFT)}
          onReason={(reason) => change.mutate(reason)}
          onClose={close}
        />
      )}
    </div>
  );
}
