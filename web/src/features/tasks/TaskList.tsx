import { Button, Skeleton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import type { Task, TaskQuery } from "@/api/types";
import { errorMessage } from "@/shared/api/problem";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { wallTime } from "@/shared/format/wall-time";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { useMoveTask } from "./change-task";
import { useTasks } from "./list-tasks";
import { TaskForm } from "./TaskForm";
import classes from "./Tasks.module.css";

interface TaskListProps {
  query: TaskQuery;
  label: string;
  empty: string;
  /** The link to the case that a task is about. */
  renderCaseLink?: (caseId: string) => ReactNode;
}

/** Tasks, and what can be done with each. */
export function TaskList({ query, label, empty, renderCaseLink }: TaskListProps) {
  const tasks = useTasks(query);
  if (tasks.isPending) return <Skeleton height={60} />;
  if (tasks.isError && tasks.data === undefined) {
    return (
      <ErrorState error={tasks.error} onRetry={() => void tasks.refetch()} retrying={tasks.isFetching} />
    );
  }
  if (tasks.data.length === 0) return <EmptyState title={empty} />;
  return (
    <>
      <ul className={classes["list"]} aria-label={label}>
        {tasks.data.map((task) => (
          <TaskLine key={task.task_id} task={task} renderCaseLink={renderCaseLink} />
        ))}
      </ul>
      {tasks.isFetchNextPageError && <p role="alert">{errorMessage(tasks.error)}</p>}
      {tasks.hasNextPage && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => void tasks.fetchNextPage()}
          loading={tasks.isFetchingNextPage}
        >
          Show more tasks
        </Button>
      )}
    </>
  );
}

interface TaskLineProps {
  task: Task;
  renderCaseLink: ((caseId: string) => ReactNode) | undefined;
}

function TaskLine({ task, renderCaseLink }: TaskLineProps) {
  const nameOf = useActorName();
  const working = mayActAs(useIdentity(), "analyst");
  const { due, state } = task;
  return (
    <li className={classes["task"]} data-state={state}>
      <div className={classes["what"]}>
        <strong>{task.title}</strong>
        {task.is_overdue && <Tag tone="bad">Overdue</Tag>}
        {state === "completed" && <Tag tone="good">Done</Tag>}
      </div>
      {task.notes !== null && <p className={classes["notes"]}>{task.notes}</p>}
      <span className={classes["meta"]}>
        {due === null ? "No due time" : <time dateTime={due.at}>Due {wallTime(due)}</time>}
        {" · "}
        {nameOf(task.assignee)}
        {task.customer_id !== null && <> · Customer {task.customer_id}</>}
        {task.turn_id !== null && " · by talking to the assistant"}
        {task.case_id !== null && renderCaseLink !== undefined && <> · {renderCaseLink(task.case_id)}</>}
      </span>
      {working && <TaskButtons task={task} />}
    </li>
  );
}

function TaskButtons({ task }: { task: Task }) {
  const move = useMoveTask();
  const [editing, setEditing] = useState(false);
  const [asking, { open, close }] = useDisclosure(false);
  const isOpen = task.state === "open";
  const name = (what: string) => `${what}: ${task.title}`;
  return (
    <div className={classes["actions"]}>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={name(isOpen ? "Complete" : "Reopen")}
        loading={move.isPending}
        onClick={() => move.mutate({ task, move: { kind: isOpen ? "complete" : "reopen" } })}
      >
        {isOpen ? "Complete" : "Reopen"}
      </Button>
      {isOpen && (
        <Button
          size="compact-xs"
          variant="subtle"
          aria-label={name("Change")}
          onClick={() => setEditing(true)}
        >
          Change…
        </Button>
      )}
      <Button size="compact-xs" variant="subtle" aria-label={name("Delete")} onClick={open}>
        Delete…
      </Button>
      <RefusedChange of={[move]} />
      {editing && <TaskForm task={task} onClose={() => setEditing(false)} />}
      <Dialog
        opened={asking}
        onClose={close}
        title={<strong>Delete this task?</strong>}
        size={400}
        closeButtonProps={{ "aria-label": "Cancel" }}
      >
        <p className={classes["notes"]}>
          “{task.title}” is deleted for good, with its notes and its reminder.
        </p>
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button
            color="red"
            onClick={() => {
              close();
              move.mutate({ task, move: { kind: "delete" } });
            }}
          >
            Delete
          </Button>
        </div>
      </Dialog>
    </div>
  );
}
