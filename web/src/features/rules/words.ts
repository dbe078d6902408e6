import type { AutonomyBand, RuleParameter, RuleVersion } from "@/api/types";
import { humanise, SEVERITY, type Tone } from "@/shared/format/labels";
import { formatBound, formatNumber } from "@/shared/format/numbers";

export const MODES: Record<RuleVersion["mode"], { text: string; tone: Tone }> = {
  draft: { text: "Draft", tone: "neutral" },
  shadow: { text: "In shadow", tone: "accent" },
  live: { text: "Live", tone: "good" },
  off: { text: "Off", tone: "warn" },
  retired: { text: "Retired", tone: "neutral" },
};

export const DECIDERS: Record<AutonomyBand["decider"], string> = {
  auto_clear: "Cleared automatically",
  one_analyst: "One analyst",
  two_people: "Two people",
  manager_first: "A manager first",
};

const isBand = (value: unknown): value is AutonomyBand =>
  typeof value === "object" && value !== null && "decider" in value && "from_score" in value;

function bandInWords({ decider, from_score, from_severity }: AutonomyBand): string {
  const about = from_severity === "low" ? "" : ` (${SEVERITY[from_severity].label.toLowerCase()} or worse)`;
  return `${DECIDERS[decider].toLowerCase()} from ${formatNumber(from_score)}${about}`;
}

export const labelOf = ({ name, unit }: RuleParameter): string =>
  unit === null ? humanise(name) : `${humanise(name)}, ${unit}`;

/** Which numbers are allowed, in words; null where all are. */
export function boundsOf({ minimum, maximum, minimum_excluded }: RuleParameter): string | null {
  const least = minimum === null ? null : `${minimum_excluded ? "above" : "from"} ${formatBound(minimum)}`;
  const most = maximum === null ? null : `to ${formatBound(maximum)}`;
  return least === null && most === null ? null : [least, most].filter((part) => part !== null).join(" ");
}

/** What is wrong with a number, if anything is. */
export function faultOf(field: RuleParameter, value: unknown): string | null {
  if (field.kind !== "number" && field.kind !== "integer") return null;
  const { minimum, maximum, minimum_excluded } = field;
  const isNumber = typeof value === "number" && Number.isFinite(value);
  const isWhole = field.kind === "number" || Number.isInteger(value);
  const isWithin =
    isNumber &&
    (minimum === null || (minimum_excluded ? value > minimum : value >= minimum)) &&
    (maximum === null || value <= maximum);
  if (isNumber && isWhole && isWithin) return null;
  const what = field.kind === "integer" ? "A whole number" : "A number";
  return `${what} ${boundsOf(field) ?? ""}`.trim() + ".";
}

/** A value as people read it. */
export function written(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (typeof value === "number") return formatNumber(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(written).join(", ");
  if (isBand(value)) return bandInWords(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}
