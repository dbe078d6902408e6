import { Button, Menu, Radio, Skeleton } from "@mantine/core";
import { useState } from "react";
import type { AssignmentMember, AssignmentRules, AssignmentSetting } from "@/api/types";
import { ApiProblem } from "@/shared/api/problem";
import { mayActAs, useActorName, usePeople } from "@/shared/api/session";
import { useRules } from "@/shared/api/rules";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { ChevronDownIcon } from "@/shared/ui/icons";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import classes from "./AssignmentForm.module.css";
import { useAssignmentSetting, useChangeAssignment } from "./assignment-setting";
import { MemberFields } from "./MemberFields";

const MODES = [
  { value: "off", label: "Off", description: "Cases wait in the pool until somebody takes them." },
  {
    value: "round_robin",
    label: "In turn",
    description: "To whoever was assigned a case longest ago.",
  },
  { value: "by_load", label: "By load", description: "To whoever has the fewest open cases." },
] as const;

/** How cases are assigned: mode, members, their skills and absences. For managers. */
export function AssignmentForm() {
  const setting = useAssignmentSetting();
  return (
    <Panel
      title="Assignment"
      aside={setting.data?.changed_by != null && <ChangedBy setting={setting.data} />}
    >
      {setting.data === undefined ? (
        setting.isError ? (
          <ErrorState
            error={setting.error}
            onRetry={() => void setting.refetch()}
            retrying={setting.isFetching}
          />
        ) : (
          <Skeleton height={120} />
        )
      ) : (
        // What was typed belongs to the version that it began with.
        <Fields key={setting.data.version} setting={setting.data} onReload={() => void setting.refetch()} />
      )}
    </Panel>
  );
}

function ChangedBy({ setting }: { setting: AssignmentSetting }) {
  const nameOf = useActorName();
  if (setting.changed_by === null || setting.changed_at === null) return null;
  return (
    <span className={classes["note"]}>
      Changed by {nameOf(setting.changed_by)}, <Time at={setting.changed_at} format="day" />
    </span>
  );
}

function Fields({ setting, onReload }: { setting: AssignmentSetting; onReload: () => void }) {
  const people = usePeople();
  const known = useRules();
  const change = useChangeAssignment();
  const [rules, setRules] = useState<AssignmentRules>(setting.rules);
  const { mode, members } = rules;
  const setMembers = (next: readonly AssignmentMember[]) => setRules({ ...rules, members: [...next] });
  const unnamed = people.filter(
    (person) => mayActAs(person, "analyst") && !members.some(({ subject }) => subject === person.subject),
  );
  const wrong = members.some(({ absences }) =>
    absences.some(({ begins_at, ends_at }) => !(Date.parse(begins_at) < Date.parse(ends_at))),
  );
  const unchanged = JSON.stringify(rules) === JSON.stringify(setting.rules);
  return (
    <form
      className={classes["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong && !unchanged) change.mutate({ version: setting.version, rules });
      }}
    >
      <Radio.Group
        label="Who gets a case that asks for a person"
        value={mode}
        onChange={(next) =>
          setRules({ ...rules, mode: MODES.find(({ value }) => value === next)?.value ?? "off" })
        }
      >
        <div className={classes["modes"]}>
          {MODES.map(({ value, label, description }) => (
            <Radio key={value} size="xs" value={value} label={label} description={description} />
          ))}
        </div>
      </Radio.Group>
      {members.length === 0 ? (
        <EmptyState title="No members">Add the people who are to be assigned cases.</EmptyState>
      ) : (
        <ul className={classes["members"]} aria-label="Members">
          {members.map((member) => (
            <MemberFields
              key={member.subject}
              member={member}
              person={people.find(({ subject }) => subject === member.subject)}
              skills={known}
              onChange={(next) => setMembers(members.map((each) => (each === member ? next : each)))}
              onRemove={() => setMembers(members.filter((each) => each !== member))}
            />
          ))}
        </ul>
      )}
      <RefusedChange of={[change]} boxed>
        {change.error instanceof ApiProblem && change.error.id === "setting-changed" && (
          <Button size="compact-xs" variant="default" onClick={onReload}>
            Show the current setting
          </Button>
        )}
      </RefusedChange>
      <div className={classes["buttons"]}>
        <Menu position="top-start" width={180}>
          <Menu.Target>
            <Button
              variant="default"
              rightSection={<ChevronDownIcon size={12} />}
              disabled={unnamed.length === 0}
            >
              Add a member
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {unnamed.map((person) => (
              <Menu.Item
                key={person.subject}
                onClick={() =>
                  setMembers([
                    ...members,
                    {
                      subject: person.subject,
                      role: mayActAs(person, "manager") ? "manager" : "analyst",
                      skills: [],
                      absences: [],
                    },
                  ])
                }
              >
                {person.name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <Button type="submit" loading={change.isPending} disabled={wrong || unchanged}>
          Save
        </Button>
      </div>
      {change.isSuccess && unchanged && <p role="status">Saved.</p>}
    </form>
  );
}
