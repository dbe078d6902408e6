import { Autocomplete, Button, NumberInput, Popover, Select } from "@mantine/core";
import type { Identity } from "@/api/types";
import { type QueueQuery, DISPOSITIONS, OUTCOMES, SEVERITIES } from "@/shared/queue/query";
import { DISPOSITION, OUTCOME, SEVERITY } from "@/shared/format/labels";
import { CASE_KINDS, KINDS } from "@/shared/kinds/kinds";
import { ChevronDownIcon } from "@/shared/ui/icons";
import type { QueryChanges } from "./query-changes";
import classes from "./FilterBar.module.css";

interface MoreFiltersProps {
  query: QueueQuery;
  people: readonly Identity[];
  rules: readonly string[];
  onChange: (part: QueryChanges) => void;
}

const SNOOZED = [
  { value: "true", label: "Only snoozed" },
  { value: "false", label: "Not snoozed" },
];

const LEGAL_HOLD = [
  { value: "true", label: "Only under a legal hold" },
  { value: "false", label: "Without one" },
];

/** The filters that are needed less often. */
export function MoreFilters({ query, people, rules, onChange }: MoreFiltersProps) {
  const set = [
    query.kind,
    query.rule,
    query.customer_id,
    query.severity,
    query.outcome,
    query.disposition,
    query.min_score,
    query.snoozed,
    query.legal_hold,
    query.assigned_to,
  ];
  const count = set.filter((value) => value !== undefined).length;
  return (
    <Popover position="bottom-start" width="min(500px, 96vw)" trapFocus withinPortal>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="default"
          className={classes["filter"] ?? ""}
          data-set={count > 0}
          rightSection={<ChevronDownIcon size={12} />}
        >
          More{count > 0 && `: ${count}`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="More filters">
        <div className={classes["more"]}>
          <NumberInput
            label="Customer"
            value={query.customer_id ?? ""}
            onChange={(value) => onChange({ customer_id: positive(value) })}
            allowDecimal={false}
            allowNegative={false}
            hideControls
          />
          <Autocomplete
            label="Rule"
            data={[...rules]}
            value={query.rule ?? ""}
            onChange={(value) => onChange({ rule: value === "" ? undefined : value })}
            comboboxProps={{ withinPortal: false }}
          />
          <Chooser
            label="Assigned to"
            choices={[
              { value: "me", label: "Me" },
              { value: "none", label: "Nobody: in the pool" },
              ...people.map(({ subject, name }) => ({ value: subject, label: name })),
            ]}
            value={query.assigned_to}
            onChange={(assigned_to) => onChange({ assigned_to })}
          />
          <Chooser
            label="Kind"
            choices={CASE_KINDS.map((value) => ({ value, label: KINDS[value].label }))}
            value={query.kind}
            onChange={(kind) => onChange({ kind })}
          />
          <Chooser
            label="Snoozed"
            choices={SNOOZED}
            value={query.snoozed === undefined ? undefined : String(query.snoozed)}
            onChange={(chosen) => onChange({ snoozed: chosen === undefined ? undefined : chosen === "true" })}
          />
          <Chooser
            label="Legal hold"
            choices={LEGAL_HOLD}
            value={query.legal_hold === undefined ? undefined : String(query.legal_hold)}
            onChange={(chosen) =>
              onChange({ legal_hold: chosen === undefined ? undefined : chosen === "true" })
            }
          />
          <Chooser
            label="Severity"
            choices={SEVERITIES.map((value) => ({ value, label: SEVERITY[value].label }))}
            value={query.severity}
            onChange={(severity) => onChange({ severity })}
          />
          <NumberInput
            label="Risk score at least"
            value={query.min_score ?? ""}
            onChange={(value) => onChange({ min_score: positive(value) })}
            min={0}
            max={1}
            step={0.1}
            decimalScale={2}
          />
          <Chooser
            label="Outcome"
            choices={OUTCOMES.map((value) => ({ value, label: OUTCOME[value].label }))}
            value={query.outcome}
            onChange={(outcome) => onChange({ outcome })}
          />
          <Chooser
            label="Disposition"
            choices={DISPOSITIONS.map((value) => ({ value, label: DISPOSITION[value].label }))}
            value={query.disposition}
            onChange={(disposition) => onChange({ disposition })}
          />
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

const positive = (value: string | number): number | undefined =>
  typeof value === "number" && value > 0 ? value : undefined;

interface ChooserProps<T extends string> {
  label: string;
  choices: { value: T; label: string }[];
  value: T | undefined;
  onChange: (value: T | undefined) => void;
}

function Chooser<T extends string>({ label, choices, value, onChange }: ChooserProps<T>) {
  return (
    <Select
      label={label}
      placeholder="Any"
      data={choices}
      value={value ?? null}
      onChange={(next) => onChange(choices.find((choice) => choice.value === next)?.value)}
      clearable
      comboboxProps={{ withinPortal: false }}
      clearButtonProps={{ "aria-label": `Any ${label.toLowerCase()}` }}
    />
  );
}
