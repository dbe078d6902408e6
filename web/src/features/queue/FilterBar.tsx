import { Button, Menu } from "@mantine/core";
import { CASE_STATES, type CaseState, type Identity } from "@/api/types";
import { type QueueQuery, filterCount, RISK_LEVELS } from "@/shared/queue/query";
import { RISK, STATE } from "@/shared/format/labels";
import { CloseIcon } from "@/shared/ui/icons";
import classes from "./FilterBar.module.css";
import { ChoiceMenu, FilterMenu } from "./FilterMenu";
import { MoreFilters } from "./MoreFilters";
import { type QueryChanges, withChanges } from "./query-changes";
import { SearchBox } from "./SearchBox";

interface FilterBarProps {
  query: QueueQuery;
  people: readonly Identity[];
  rules: readonly string[];
  onChange: (query: QueueQuery) => void;
}

interface Span {
  value: string;
  label: string;
  part: QueryChanges;
}

const DUE: readonly Span[] = [
  { value: "overdue", label: "Overdue", part: { overdue: true } },
  { value: "4h", label: "Within 4 hours", part: { due_within_hours: 4 } },
  { value: "1d", label: "Within a day", part: { due_within_hours: 24 } },
  { value: "3d", label: "Within 3 days", part: { due_within_hours: 72 } },
];
const NO_DUE: QueryChanges = { overdue: undefined, due_within_hours: undefined };

const AGE: readonly Span[] = [
  { value: "1h", label: "In the last hour", part: { opened_within_hours: 1 } },
  { value: "1d", label: "In the last day", part: { opened_within_hours: 24 } },
  { value: "7d", label: "In the last week", part: { opened_within_hours: 168 } },
  { value: "over-1d", label: "More than a day ago", part: { opened_over_hours: 24 } },
  { value: "over-7d", label: "More than a week ago", part: { opened_over_hours: 168 } },
];
const NO_AGE: QueryChanges = { opened_within_hours: undefined, opened_over_hours: undefined };

/** What the list shows. Every change goes into the address. */
export function FilterBar({ query, people, rules, onChange }: FilterBarProps) {
  const change = (part: QueryChanges) => onChange(withChanges(query, part));
  const holders = [
    { value: "me", label: "Me" },
    { value: "none", label: "Nobody" },
    ...people.map(({ subject, name }) => ({ value: subject, label: name })),
  ];
  return (
    <div className={classes["bar"]} role="search" aria-label="Filter the cases">
      <SearchBox value={query.q} onChange={(q) => change({ q })} />
      <StateMenu value={query.state} onChange={(state) => change({ state })} />
      <ChoiceMenu
        label="Risk"
        any="Any risk"
        choices={RISK_LEVELS.map((value) => ({ value, label: RISK[value].label }))}
        value={query.risk_level}
        onChange={(risk_level) => change({ risk_level })}
      />
      <SpanMenu label="Due" any="Any time" spans={DUE} none={NO_DUE} query={query} onChange={change} />
      <SpanMenu label="Opened" any="At any time" spans={AGE} none={NO_AGE} query={query} onChange={change} />
      <ChoiceMenu
        label="Assignee"
        any="Any assignee"
        choices={holders}
        value={query.assignee}
        onChange={(assignee) => change({ assignee })}
      />
      <MoreFilters query={query} people={people} rules={rules} onChange={change} />
      {(filterCount(query) > 0 || query.q !== undefined) && (
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<CloseIcon size={12} />}
          onClick={() => onChange(query.sort === undefined ? {} : { sort: query.sort })}
        >
          Clear
        </Button>
      )}
    </div>
  );
}

interface SpanMenuProps {
  label: string;
  any: string;
  spans: readonly Span[];
  /** What takes all of them away. */
  none: QueryChanges;
  query: QueueQuery;
  onChange: (part: QueryChanges) => void;
}

/** A filter by time: each choice is a part of the query. */
function SpanMenu({ label, any, spans, none, query, onChange }: SpanMenuProps) {
  const asked = new Map(Object.entries(query));
  const chosen = spans.find(({ part }) =>
    Object.entries(part).every(([name, value]) => asked.get(name) === value),
  );
  return (
    <ChoiceMenu
      label={label}
      any={any}
      choices={spans}
      value={chosen?.value}
      onChange={(value) => onChange({ ...none, ...spans.find((span) => span.value === value)?.part })}
    />
  );
}

interface StateMenuProps {
  value: readonly CaseState[] | undefined;
  onChange: (value: readonly CaseState[] | undefined) => void;
}

function StateMenu({ value, onChange }: StateMenuProps) {
  const words = value?.map((state) => STATE[state].label);
  const shown = words && (words.length > 1 ? `${words.length} states` : words.join(", "));
  return (
    <FilterMenu label="State" value={shown}>
      <Menu.CheckboxGroup
        value={[...(value ?? [])]}
        onChange={(next) => {
          const states = CASE_STATES.filter((state) => next.includes(state));
          onChange(states.length === 0 ? undefined : states);
        }}
      >
        {CASE_STATES.map((state) => (
          <Menu.CheckboxItem key={state} value={state}>
            {STATE[state].label}
          </Menu.CheckboxItem>
        ))}
      </Menu.CheckboxGroup>
    </FilterMenu>
  );
}
