import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { CaseOutcome, FraudCaseView } from "@/api/types";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useReopenCase } from "./reopen-case";
import classes from "./ReopenBanner.module.css";

const WHAT_IS_LEFT: Partial<Record<CaseOutcome, string>> = {
  failed: "What was approved in this case was not done, or not all of it.",
  unresolved: "This case ended without a decision on what was found.",
};

/** For managers: a case that ended without what was left being decided, or done, can be opened again. */
export function ReopenBanner({ view }: { view: FraudCaseView }) {
  const identity = useIdentity();
  const [asking, { open, close }] = useDisclosure(false);
  const reopen = useReopenCase(view.case_id);
  const left = view.outcome === null ? undefined : WHAT_IS_LEFT[view.outcome];
  if (left === undefined || !mayActAs(identity, "manager")) return null;
  return (
    <div className={classes["banner"]}>
      <div className={classes["line"]}>
        <span className={classes["text"]}>{left}</span>
        <Button size="compact-sm" variant="default" onClick={open} loading={reopen.isPending}>
          Reopen…
        </Button>
      </div>
      <RefusedChange of={[reopen]} />
      {asking && (
        <ReasonDialog
          title="Reopen this case?"
          note="A person is asked again about what is left, with a new deadline. What is done is not repeated. Your reason stays in the log, and whoever decides reads it."
          action="Reopen"
          onReason={(reason) => reopen.mutate(reason)}
          onClose={close}
        />
      )}
    </div>
  );
}
