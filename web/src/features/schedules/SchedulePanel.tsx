import { Button, Skeleton } from "@mantine/core";
import type { Schedule } from "@/api/types";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { Panel } from "@/shared/ui/Panel";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { ResetCounts } from "./ResetCounts";
import classes from "./SchedulePanel.module.css";
import { usePauseSchedule, useResumeSchedule, useSchedules } from "./schedules";

/** The daily reset of message counts: when it ran and runs next; managers pause it, or do it by hand. */
export function SchedulePanel() {
  const schedules = useSchedules();
  const [schedule] = schedules.data?.items ?? [];
  return (
    <Panel
      title="Daily reset of message counts"
      aside={schedule && <Tag>{schedule.state === "paused" ? "Paused" : "Active"}</Tag>}
    >
      {schedules.isPending && <Skeleton height={64} />}
      {schedules.isError && schedule === undefined && (
        <ErrorState
          error={schedules.error}
          onRetry={() => void schedules.refetch()}
          retrying={schedules.isFetching}
        />
      )}
      {schedule !== undefined && <ScheduleState schedule={schedule} />}
    </Panel>
  );
}

function ScheduleState({ schedule }: { schedule: Schedule }) {
  const { last_run_at: lastRun, next_run_at: nextRun } = schedule;
  const managing = mayActAs(useIdentity(), "manager");
  return (
    <>
      <dl className={classes["facts"]}>
        <div>
          <dt>Next reset</dt>
          <dd>{nextRun === null ? "none while it is paused" : <Time at={nextRun} />}</dd>
        </div>
        <div>
          <dt>Last reset</dt>
          <dd>{lastRun === null ? "none yet" : <LastRun schedule={schedule} at={lastRun} />}</dd>
        </div>
      </dl>
      {schedule.is_armed !== true && (
        <p className={classes["note"]}>
          {schedule.is_armed === false
            ? "The scheduler takes the change over as soon as a worker is there; the record decides already."
            : "The scheduler has not answered: what is due is done once it is back."}
        </p>
      )}
      {managing && <ScheduleActions schedule={schedule} />}
    </>
  );
}

function LastRun({
  schedule: { last_run_by: by, last_run_day: day },
  at,
}: {
  schedule: Schedule;
  at: string;
}) {
  const nameOf = useActorName();
  // A person may be called "schedule" or "job", but takes no day's run.
  const said =
    by && (day === null ? `by ${nameOf(by)}, by hand` : by === "job" ? "by a job" : "by the schedule");
  return (
    <>
      <Time at={at} /> {said}
    </>
  );
}

function ScheduleActions({ schedule: { schedule_id: id, state } }: { schedule: Schedule }) {
  const pause = usePauseSchedule();
  const resume = useResumeSchedule();
  const change = state === "paused" ? resume : pause;
  return (
    <div className={classes["actions"]}>
      <Button
        size="xs"
        variant="default"
        onClick={() => change.mutate(id)}
        loading={pause.isPending || resume.isPending}
      >
        {state === "paused" ? "Resume" : "Pause"}
      </Button>
      <ResetCounts scheduleId={id} />
      <RefusedChange of={[change]} />
    </div>
  );
}
