import { Button, Checkbox, SegmentedControl } from "@mantine/core";
import { Link, getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { usePageTitle } from "@/app/use-page-title";
import { TaskForm } from "@/features/tasks/TaskForm";
import { TaskList } from "@/features/tasks/TaskList";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { Panel } from "@/shared/ui/Panel";
import classes from "./Page.module.css";

const route = getRouteApi("/tasks");
const WHOSE = [
  { value: "me", label: "Mine" },
  { value: "all", label: "Everybody's" },
];
const STATES = [
  { value: "open", label: "Open" },
  { value: "completed", label: "Done" },
];

/** What is to be done, by whom and until when. */
export function TasksPage() {
  const { whose = "me", state = "open", overdue = false } = route.useSearch();
  const navigate = route.useNavigate();
  const working = mayActAs(useIdentity(), "analyst");
  const [making, setMaking] = useState(false);
  usePageTitle("Tasks");
  const show = (part: { whose?: "me" | "all"; state?: "open" | "completed"; overdue?: boolean }) =>
    void navigate({ search: (known) => ({ ...known, ...part }), replace: true });
  return (
    <div className={classes["page"]}>
      <div className={classes["head"]}>
        <h1>Tasks</h1>
        <SegmentedControl
          aria-label="Whose"
          size="xs"
          data={WHOSE}
          value={whose}
          onChange={(value) => show({ whose: value === "all" ? "all" : "me" })}
        />
        <SegmentedControl
          aria-label="State"
          size="xs"
          data={STATES}
          value={state}
          onChange={(value) => show({ state: value === "completed" ? "completed" : "open" })}
        />
        <Checkbox
          label="Overdue only"
          size="xs"
          checked={overdue}
          disabled={state !== "open"}
          onChange={(event) => show({ overdue: event.currentTarget.checked })}
        />
        {working && (
          <Button size="xs" onClick={() => setMaking(true)}>
            New task…
          </Button>
        )}
      </div>
      <Panel title={state === "open" ? "To do" : "Done"}>
        <TaskList
          query={{
            state,
            ...(whose === "me" && { assignee: "me" }),
            ...(overdue && state === "open" && { overdue: true }),
          }}
          label="Tasks, due first"
          empty={state === "open" ? "Nothing is to be done" : "Nothing was done yet"}
          renderCaseLink={(caseId) => (
            <Link to="/cases/$caseId" params={{ caseId }}>
              Its case
            </Link>
          )}
        />
      </Panel>
      {making && <TaskForm onClose={() => setMaking(false)} />}
    </div>
  );
}
