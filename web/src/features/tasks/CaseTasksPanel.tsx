import { Button } from "@mantine/core";
import { useState } from "react";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { Panel } from "@/shared/ui/Panel";
import { TaskForm } from "./TaskForm";
import { TaskList } from "./TaskList";

/** What is still to be done about a case, and what was. */
export function CaseTasksPanel({ caseId }: { caseId: string }) {
  const working = mayActAs(useIdentity(), "analyst");
  const [making, setMaking] = useState(false);
  return (
    <Panel
      title="Tasks"
      aside={
        working && (
          <Button size="compact-xs" variant="default" onClick={() => setMaking(true)}>
            New task…
          </Button>
        )
      }
    >
      <TaskList
        query={{ case_id: caseId, state: "any" }}
        label="Tasks of this case"
        empty="Nothing is to be done"
      />
      {making && <TaskForm caseId={caseId} onClose={() => setMaking(false)} />}
    </Panel>
  );
}
