import type { Disposition, RecommendedAction } from "@/api/types";

/** The disposition that a decision implies; undefined for an approval without an action. */
export function impliedDisposition(
  verdict: "approve" | "reject",
  action: RecommendedAction | undefined,
): Disposition | undefined {
  if (verdict === "reject") return "inconclusive";
  if (action === undefined) return undefined;
  return action === "clear" ? "false_positive" : "confirmed_fraud";
}

/** The reasons that fit a disposition, as they are recorded. */
export const REASON_CODES: Record<Disposition, readonly { value: string; label: string }[]> = {
  confirmed_fraud: [
    { value: "account_takeover", label: "Account takeover" },
    { value: "stolen_card", label: "Stolen card" },
    { value: "sim_swap", label: "SIM swap" },
    { value: "service_abuse", label: "Abuse of the service" },
    { value: "other_fraud", label: "Other fraud" },
  ],
  false_positive: [
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
export function reasonLabel(code: string): string | undefined {
  return Object.values(REASON_CODES)
    .flat()
    .find(({ value }) => value === code)?.label;
}
