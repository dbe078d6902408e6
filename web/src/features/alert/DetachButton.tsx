import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import classes from "./AlertsPanel.module.css";
import { useDetachAlert } from "./move-alerts";

/** Takes an alert out of its case. */
export function DetachButton({ caseId, alertId }: { caseId: string; alertId: string }) {
  const [asking, { open, close }] = useDisclosure();
  const detach = useDetachAlert(caseId);
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={open} loading={detach.isPending}>
        Detach…
      </Button>
      <RefusedChange of={[detach]} className={classes["error"]} />
      {asking && (
        <ReasonDialog
          title="Detach this alert?"
          note="It gets a case of its own, and both are investigated again. Merging the cases takes that back."
          action="Detach"
          onReason={(reason) => detach.mutate({ alertId, reason })}
          onClose={close}
        />
      )}
    </>
  );
}
