import { Button, Menu } from "@mantine/core";
import type { CommonCase, Identity } from "@/api/types";
import { mayActAs, useActorName, useIdentity, usePeople } from "@/shared/api/session";
import { Avatar } from "@/shared/ui/Avatar";
import { ChevronDownIcon, PeopleIcon } from "@/shared/ui/icons";
import { Time } from "@/shared/ui/Time";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useAssignCase, useUnassignCase } from "./assign-case";
import classes from "./AssignmentLine.module.css";

/** What people change about whose a case is. One of it for a case: both of what follows show the same. */
export function useAssignmentChange(view: CommonCase) {
  return { assign: useAssignCase(view.case_id), unassign: useUnassignCase(view.case_id) };
}

interface AssignmentProps {
  view: CommonCase;
  change: ReturnType<typeof useAssignmentChange>;
}

/** Whose the case is, and how to change that. */
export function AssignmentLine({ view, change }: AssignmentProps) {
  const identity = useIdentity();
  const nameOf = useActorName();
  if (view.state === "closed" || identity === null) return null;
  const { assignment } = view;
  return (
    <div className={classes["box"]}>
      <div className={classes["line"]}>
        {assignment === null ? (
          <>
            <PeopleIcon size={16} />
            <span className={classes["text"]} role="status">
              In the pool: assigned to nobody.
            </span>
          </>
        ) : (
          <>
            <Avatar subject={assignment.assigned_to} name={nameOf(assignment.assigned_to)} size={20} />
            <span className={classes["text"]} role="status">
              <strong>
                {assignment.assigned_to === identity.subject
                  ? "Assigned to you"
                  : `Assigned to ${nameOf(assignment.assigned_to)}`}
              </strong>{" "}
              since <Time at={assignment.assigned_at} format="day" />,{" "}
              {assignment.assigned_by === "system" ? "by rule" : `by ${nameOf(assignment.assigned_by)}`}.
            </span>
          </>
        )}
        <AssignmentActions view={view} change={change} />
      </div>
      <RefusedAssignment change={change} />
    </div>
  );
}

/** How to change whose the case is. */
export function AssignmentActions({ view: { assignment }, change: { assign, unassign } }: AssignmentProps) {
  const identity = useIdentity();
  if (identity === null) return null;
  const mine = assignment?.assigned_to === identity.subject;
  const managing = mayActAs(identity, "manager");
  const busy = assign.isPending || unassign.isPending;
  return (
    <>
      {mayActAs(identity, "analyst") && assignment === null && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => assign.mutate(identity.subject)}
          disabled={busy}
        >
          Assign to me
        </Button>
      )}
      {managing && (
        <AssignMenu holder={assignment?.assigned_to} busy={busy} onAssign={(to) => assign.mutate(to)} />
      )}
      {assignment !== null && (mine || managing) && (
        <Button size="compact-sm" variant="default" onClick={() => unassign.mutate()} disabled={busy}>
          Back to the pool
        </Button>
      )}
    </>
  );
}

/** Why it was not changed. */
export function RefusedAssignment({ change: { assign, unassign } }: Pick<AssignmentProps, "change">) {
  return <RefusedChange of={[assign, unassign]} />;
}

interface AssignMenuProps {
  holder: string | undefined;
  busy: boolean;
  onAssign: (subject: string) => void;
}

function AssignMenu({ holder, busy, onAssign }: AssignMenuProps) {
  const able = usePeople().filter((person: Identity) => mayActAs(person, "analyst"));
  return (
    <Menu position="bottom-end" width={180}>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          rightSection={<ChevronDownIcon size={12} />}
          disabled={busy}
        >
          Assign to…
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {able
          .filter(({ subject }) => subject !== holder)
          .map(({ subject, name }) => (
            <Menu.Item key={subject} onClick={() => onAssign(subject)}>
              {name}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}
