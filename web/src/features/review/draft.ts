import { useState } from "react";
import type { Label, RecommendedAction } from "@/api/types";

/** What a person has chosen and typed, kept whatever happens to the case meanwhile. */
export interface Draft {
  rejecting: boolean;
  /** Undefined until somebody chooses: then what is recommended counts. */
  action: RecommendedAction | undefined;
  /** Undefined until somebody chooses: then it follows from the answer. */
  label: Label | undefined;
  reason: string | undefined;
  comment: string;
  feedback: string;
}

const EMPTY: Draft = {
  rejecting: false,
  action: undefined,
  label: undefined,
  reason: undefined,
  comment: "",
  feedback: "",
};

export interface DraftState {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  clear: () => void;
}

export function useDraft(): DraftState {
  const [draft, setDraft] = useState(EMPTY);
  return {
    draft,
    change: (part) => setDraft((known) => ({ ...known, ...part })),
    clear: () => setDraft(EMPTY),
  };
}

/** What the case was, as far as the answer says it by itself; without an answer nothing. */
export function impliedLabel(
  verdict: "approve" | "reject",
  action: RecommendedAction | undefined,
): Label | undefined {
  if (verdict === "reject") return "inconclusive";
  if (action === undefined) return undefined;
  return action === "clear" ? "false_alarm" : "true_fraud";
}

/** Whether somebody has said why, in a code or in words. */
export const saysWhy = ({ reason, comment }: Draft): boolean => reason !== undefined || comment.trim() !== "";

/** The reasons that fit a label, as they are recorded. */
export const REASONS: Record<Label, readonly { value: string; label: string }[]> = {
  true_fraud: [
    { value: "account_takeover", label: "Account takeover" },
    { value: "stolen_card", label: "Stolen card" },
    { value: "sim_swap", label: "SIM swap" },
    { value: "service_abuse", label: "Abuse of the service" },
    { value: "other_fraud", label: "Other fraud" },
  ],
  false_alarm: [
    { value: "customer_travelling", label: "Customer is travelling" },
    { value: "customer_confirmed", label: "Customer confirmed it" },
    { value: "known_device", label: "Known device or place" },
    { value: "expected_use", label: "Expected use or spending" },
    { value: "faulty_data", label: "Faulty data" },
  ],
  inconclusive: [
    { value: "evidence_missing", label: "Evidence is missing" },
    { value: "evidence_conflicts", label: "Evidence conflicts" },
    { value: "customer_unreachable", label: "Customer cannot be reached" },
  ],
};

/** The words of a recorded reason, also of one that another client made up. */
export function reasonWords(code: string): string | undefined {
  return Object.values(REASONS)
    .flat()
    .find(({ value }) => value === code)?.label;
}
