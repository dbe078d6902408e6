import { SegmentedControl } from "@mantine/core";
import { CASE_STATES, type CaseState } from "@/api/types";
import { STATE } from "@/shared/format/words";

const ALL = "all";
const OPTIONS = [
  { value: ALL, label: "All" },
  ...CASE_STATES.map((state) => ({ value: state, label: STATE[state].label })),
];

interface StateFilterProps {
  value: CaseState | undefined;
  onChange: (state: CaseState | undefined) => void;
}

export function StateFilter({ value, onChange }: StateFilterProps) {
  return (
    <SegmentedControl
      size="xs"
      data={OPTIONS}
      value={value ?? ALL}
      onChange={(next) => onChange(CASE_STATES.find((state) => state === next))}
      aria-label="Show cases by state"
    />
  );
}
