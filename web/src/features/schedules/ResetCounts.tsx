import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import classes from "./SchedulePanel.module.css";
import { useTriggerSchedule } from "./schedules";

/** Sets the counts that the assistant tells to 0, now. For managers. */
export function ResetCounts({ scheduleId }: { scheduleId: string }) {
  const reset = useTriggerSchedule();
  const [asking, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button size="xs" variant="default" onClick={open} loading={reset.isPending}>
        Reset the message counts…
      </Button>
      {reset.isSuccess && (
        <span className={classes["note"]} role="status">
          All message counts are 0.
        </span>
      )}
      <RefusedChange of={[reset]} />
      <Dialog
        opened={asking}
        onClose={close}
        title={<strong>Set the message counts of all users to 0?</strong>}
        size={420}
        closeButtonProps={{ "aria-label": "Cancel" }}
      >
        <p className={classes["note"]}>
          The assistant then tells everybody that they have sent no messages. The figures by day on this page
          stay, and the daily reset comes all the same.
        </p>
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button
            onClick={() => {
              close();
              reset.mutate(scheduleId);
            }}
          >
            Reset
          </Button>
        </div>
      </Dialog>
    </>
  );
}
