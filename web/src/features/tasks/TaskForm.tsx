import { Button, NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import type { Task, TaskOrder } from "@/api/types";
import { useIdentity, usePeople } from "@/shared/api/session";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useCreateTask, useMoveTask } from "./change-task";
import { ownZone } from "@/shared/format/wall-time";
import { zones } from "./due";
import classes from "./Tasks.module.css";

interface TaskFormProps {
  /** The task that is changed; without one another is made. */
  task?: Task;
  /** The case that a new task is about. */
  caseId?: string;
  onClose: () => void;
}

interface Values {
  title: string;
  notes: string;
  assignee: string;
  due: string;
  zone: string;
  customerId: number | "";
}

/** Makes a task, or changes one. */
export function TaskForm({ task, caseId, onClose }: TaskFormProps) {
  const create = useCreateTask();
  const move = useMoveTask();
  const identity = useIdentity();
  const people = usePeople();
  const [key] = useState(() => crypto.randomUUID());
  const assignee = task?.assignee ?? identity?.subject ?? "";
  const form = useForm<Values>({
    initialValues: {
      title: task?.title ?? "",
      notes: task?.notes ?? "",
      assignee,
      due: task?.due?.local.slice(0, 16) ?? "",
      zone: task?.due?.zone ?? ownZone(),
      customerId: task?.customer_id ?? "",
    },
    validate: { title: (title) => (title.trim() === "" ? "Say what is to be done." : null) },
  });
  const about = task?.case_id ?? caseId;
  const known = people.map(({ subject, name }) => ({ value: subject, label: name }));
  const assignees = known.some(({ value }) => value === assignee)
    ? known
    : [{ value: assignee, label: assignee }, ...known];
  const submit = (values: Values) => {
    const order = orderOf(values, about);
    if (task === undefined) create.mutate({ order, key }, { onSuccess: onClose });
    else move.mutate({ task, move: { kind: "change", change: order } }, { onSuccess: onClose });
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>{task === undefined ? "New task" : "Change the task"}</strong>}
      size={480}
      closeButtonProps={{ "aria-label": "Cancel" }}
    >
      <form noValidate className={classes["form"]} onSubmit={form.onSubmit(submit)}>
        <TextInput
          label="What is to be done"
          maxLength={200}
          required
          data-autofocus
          {...form.getInputProps("title")}
        />
        <Textarea label="Notes" maxLength={4_000} minRows={2} {...form.getInputProps("notes")} />
        <Select
          label="Assignee"
          data={assignees}
          allowDeselect={false}
          searchable
          {...form.getInputProps("assignee")}
        />
        <div className={classes["row"]}>
          <TextInput label="Due" type="datetime-local" {...form.getInputProps("due")} />
          <Select
            label="In the zone"
            data={zones()}
            allowDeselect={false}
            searchable
            limit={100}
            {...form.getInputProps("zone")}
          />
        </div>
        {about == null && (
          <NumberInput
            label="Customer"
            description="The customer's number, if it is about one"
            min={1}
            allowDecimal={false}
            allowNegative={false}
            hideControls
            {...form.getInputProps("customerId")}
          />
        )}
        <RefusedChange of={[create, move]} boxed />
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending || move.isPending}>
            {task === undefined ? "Make the task" : "Change it"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const orderOf = ({ title, notes, assignee, due, zone, customerId }: Values, caseId?: string): TaskOrder => ({
  title: title.trim(),
  notes: notes.trim() === "" ? null : notes.trim(),
  assignee,
  due: due === "" ? null : { local: due, zone },
  ...(caseId === undefined ? { customer_id: customerId === "" ? null : customerId } : { case_id: caseId }),
});
