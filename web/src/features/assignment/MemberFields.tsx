import { Button, Select, TagsInput, TextInput } from "@mantine/core";
import type { AssignmentMember, Identity } from "@/api/types";
import { mayActAs } from "@/shared/api/session";
import { toLocalField } from "@/shared/cases/snooze-times";
import { ROLE } from "@/shared/format/labels";
import { Avatar } from "@/shared/ui/Avatar";
import { CloseIcon, PlusIcon } from "@/shared/ui/icons";
import classes from "./AssignmentForm.module.css";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SKILL = /^[A-Za-z][A-Za-z0-9_-]{1,63}$/;

interface MemberFieldsProps {
  member: AssignmentMember;
  person: Identity | undefined;
  /** Alert types and rules to choose from. */
  skills: readonly string[];
  onChange: (member: AssignmentMember) => void;
  onRemove: () => void;
}

/** One member: what they may decide, what they take, and when they are away. */
export function MemberFields({ member, person, skills, onChange, onRemove }: MemberFieldsProps) {
  const name = person?.name ?? member.subject;
  const { absences } = member;
  const roles = (["analyst", "manager"] as const).filter(
    (role) => person === undefined || mayActAs(person, role),
  );
  const setAbsences = (next: AssignmentMember["absences"]) => onChange({ ...member, absences: next });
  const addAbsence = () => {
    const begins = Math.ceil(Date.now() / HOUR) * HOUR;
    setAbsences([...absences, { begins_at: iso(begins), ends_at: iso(begins + DAY) }]);
  };
  return (
    <li className={classes["member"]} aria-label={name}>
      <div className={classes["head"]}>
        <Avatar subject={member.subject} name={name} size={22} />
        <strong>{name}</strong>
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<CloseIcon size={12} />}
          onClick={onRemove}
          aria-label={`Remove ${name}`}
        >
          Remove
        </Button>
      </div>
      <div className={classes["fields"]}>
        <Select
          size="xs"
          label="Gets cases as"
          data={roles.map((value) => ({ value, label: ROLE[value].label }))}
          value={member.role}
          allowDeselect={false}
          onChange={(next) => onChange({ ...member, role: next === "manager" ? "manager" : "analyst" })}
        />
        <TagsInput
          size="xs"
          label="Takes only"
          placeholder={member.skills.length === 0 ? "All kinds, alert types and rules" : ""}
          data={[...skills]}
          value={member.skills}
          onChange={(next) => onChange({ ...member, skills: next.filter((skill) => SKILL.test(skill)) })}
        />
      </div>
      {absences.map(({ begins_at, ends_at }, index) => {
        const change = (part: Partial<AssignmentMember["absences"][number]>) =>
          setAbsences(absences.map((each, at) => (at === index ? { ...each, ...part } : each)));
        const wrong = !(Date.parse(begins_at) < Date.parse(ends_at));
        return (
          <div key={index} className={classes["absence"]}>
            <TextInput
              type="datetime-local"
              size="xs"
              label="Away from"
              value={field(begins_at)}
              onChange={(event) => change({ begins_at: fromField(event.currentTarget.value, begins_at) })}
            />
            <TextInput
              type="datetime-local"
              size="xs"
              label="Back at"
              value={field(ends_at)}
              error={wrong && "An absence ends after it begins."}
              onChange={(event) => change({ ends_at: fromField(event.currentTarget.value, ends_at) })}
            />
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() => setAbsences(absences.filter((_, at) => at !== index))}
              aria-label={`Remove absence ${index + 1} of ${name}`}
            >
              Remove
            </Button>
          </div>
        );
      })}
      <Button
        size="compact-xs"
        variant="subtle"
        leftSection={<PlusIcon size={12} />}
        onClick={addAbsence}
        aria-label={`Add an absence of ${name}`}
      >
        Add an absence
      </Button>
    </li>
  );
}

const iso = (at: number): string => new Date(at).toISOString();
const field = (at: string): string => toLocalField(Date.parse(at));

/** A field that is being emptied keeps its time. */
function fromField(value: string, before: string): string {
  const at = Date.parse(value);
  return Number.isNaN(at) ? before : iso(at);
}
