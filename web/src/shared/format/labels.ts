import type {
  CaseAction,
  CaseOutcome,
  CaseState,
  Effect,
  Disposition,
  Reversal,
  RiskLevel,
  Role,
  Severity,
  Specialist,
  SpecialistState,
} from "@/api/types";
import { ACTION_OUTCOME, ACTIONS, EFFECTS, REVERSALS } from "./actions";

export type Tone = "neutral" | "accent" | "good" | "warn" | "high" | "bad";

export interface ToneLabel {
  label: string;
  tone: Tone;
}

const entries = <Name extends string, Value>(record: Record<Name, Value>): [Name, Value][] =>
  Object.entries(record) as [Name, Value][];

export const STATE: Record<CaseState, ToneLabel> = {
  investigating: { label: "Investigating", tone: "accent" },
  awaiting_review: { label: "Awaiting review", tone: "warn" },
  escalated: { label: "Escalated", tone: "high" },
  acting: { label: "Acting", tone: "accent" },
  closed: { label: "Closed", tone: "neutral" },
};

export const OUTCOME: Record<CaseOutcome, ToneLabel> = {
  auto_cleared: { label: "Cleared automatically", tone: "good" },
  ...ACTION_OUTCOME,
  unresolved: { label: "Unresolved", tone: "high" },
  failed: { label: "Action failed or in doubt", tone: "bad" },
  merged: { label: "Merged", tone: "neutral" },
  sent: { label: "Reply sent", tone: "good" },
  rejected: { label: "Reply rejected", tone: "warn" },
  erased: { label: "Conversation erased", tone: "neutral" },
};

const DECIDED: ToneLabel = { label: "Decided", tone: "accent" };
const HELD: ToneLabel = { label: "On hold", tone: "warn" };

/** The state of an open case. After a decision it waits for nobody until the decision has taken effect. */
export function stateLabel(state: CaseState, isAsked: boolean, isHeld = false): ToneLabel {
  if (isAsked || (state !== "awaiting_review" && state !== "escalated")) return STATE[state];
  return isHeld ? HELD : DECIDED;
}

type ReversalAction = Reversal["action"];

/** The completed reversals of a case's effects. */
export const doneReversals = (reversals: readonly Reversal[]): readonly ReversalAction[] =>
  reversals.filter(({ status }) => status === "done").map(({ action }) => action);

/**
 * How a case ended, and which of its effects were reversed. It does not say that the account is open: another case may hold a
 * lock as well.
 */
export function outcomeLabel(outcome: CaseOutcome, reversed: readonly ReversalAction[]): ToneLabel {
  const after = entries(REVERSALS).filter(([action]) => reversed.includes(action));
  if (after.length === 0) return OUTCOME[outcome];
  return {
    label: `${OUTCOME[outcome].label}, then ${after.map(([, { done }]) => done).join(", ")}`,
    tone: after.find(([, { tone }]) => tone !== undefined)?.[1].tone ?? OUTCOME[outcome].tone,
  };
}

export const RISK: Record<RiskLevel, ToneLabel> = {
  low: { label: "Low risk", tone: "good" },
  medium: { label: "Medium risk", tone: "warn" },
  high: { label: "High risk", tone: "high" },
  critical: { label: "Critical risk", tone: "bad" },
};

export const SEVERITY: Record<Severity, ToneLabel> = {
  low: { label: "Low", tone: "neutral" },
  medium: { label: "Medium", tone: "warn" },
  high: { label: "High", tone: "high" },
  critical: { label: "Critical", tone: "bad" },
};

const labelsOf = <Name extends string>(words: Record<Name, { label: string }>): Record<Name, string> =>
  Object.fromEntries(entries(words).map(([name, { label }]) => [name, label])) as Record<Name, string>;

export const ACTION: Record<CaseAction, string> = {
  ...labelsOf(ACTIONS),
  send: "Send the reply",
  send_edited: "Send an edited reply",
};

/** What an effect does, or reverses. */
export const EFFECT: Record<Effect["action"], string> = { ...labelsOf(EFFECTS), ...labelsOf(REVERSALS) };

export const DISPOSITION: Record<Disposition, ToneLabel> = {
  confirmed_fraud: { label: "Confirmed fraud", tone: "bad" },
  false_positive: { label: "False positive", tone: "good" },
  inconclusive: { label: "Inconclusive", tone: "neutral" },
};

/** A role, and what it lets a person do. */
export const ROLE: Record<Role, ToneLabel & { may: string }> = {
  viewer: { label: "Viewer", tone: "neutral", may: "Reads cases and changes nothing" },
  analyst: { label: "Analyst", tone: "accent", may: "Claims, investigates and decides cases" },
  manager: { label: "Manager", tone: "warn", may: "Decides what was escalated, assigns and takes over" },
  admin: { label: "Admin", tone: "high", may: "May do everything" },
};

export const SPECIALIST: Record<Specialist, string> = {
  usage: "Usage",
  location: "Location",
  billing: "Billing",
};

export const SPECIALIST_STATE: Record<SpecialistState, ToneLabel> = {
  pending: { label: "Pending", tone: "neutral" },
  running: { label: "Running", tone: "accent" },
  ok: { label: "Done", tone: "good" },
  not_evaluable: { label: "Not evaluable", tone: "warn" },
  unavailable: { label: "Unavailable", tone: "bad" },
};

/** The stand-in model: rules, not a language model. Its answers are marked wherever they are shown. */
export const RULES_MODEL = "casewright-rules-1";

/** "impossible_travel" and "ImpossibleTravel" as a person would write it: "Impossible travel". */
export function humanise(identifier: string): string {
  const spaced = identifier
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim()
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** A read tool by what it reads: "get_security_logs" is "Security logs". */
export const toolName = (tool: string): string => humanise(tool.replace(/^get_/, ""));

/** The first eight digits of a `sha256:…` hash, enough to compare by eye. */
export const shortHash = (hash: string): string => hash.replace(/^sha256:/, "").slice(0, 8);

/** Who did something: an agent by its speciality, else the id as it is. */
export function actorName(actor: string): string {
  const [kind, name] = actor.split(":");
  return kind === "agent" && name !== undefined ? `${humanise(name)} specialist` : actor;
}
