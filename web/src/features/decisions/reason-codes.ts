import type { Disposition, ReasonCode, RecommendedAction } from "@/api/types";
import { useConfig } from "@/shared/api/config";

/** The disposition that a decision implies; undefined for an approval without an action. */
export function impliedDisposition(
  verdict: "approve" | "reject",
  action: RecommendedAction | undefined,
): Disposition | undefined {
  if (verdict === "reject") return "inconclusive";
  if (action === undefined) return undefined;
  return action === "clear" ? "false_positive" : "confirmed_fraud";
}

const REASON: Record<ReasonCode, string> = {
  account_takeover: "Account takeover",
  stolen_card: "Stolen card",
  sim_swap: "SIM swap",
  service_abuse: "Abuse of the service",
  other_fraud: "Other fraud",
  customer_travelling: "Customer is travelling",
  customer_confirmed: "Customer confirmed it",
  known_device: "Known device or place",
  expected_use: "Expected use or spending",
  faulty_data: "Faulty data",
  evidence_missing: "Evidence is missing",
  evidence_conflicts: "Evidence conflicts",
  customer_unreachable: "Customer cannot be reached",
  bulk_false_positive: "Closed in bulk as a false positive",
};

/** The reasons that fit a disposition, as the server offers them. */
export function useReasonCodes(disposition: Disposition | undefined) {
  const codes = useConfig().data?.reason_codes ?? {};
  const offered: readonly ReasonCode[] = (disposition && codes[disposition]) ?? [];
  return offered.map((value) => ({ value, label: REASON[value] }));
}

/** The words of a recorded reason; undefined for one that another release knew. */
export const reasonLabel = (code: string): string | undefined =>
  Object.entries(REASON).find(([known]) => known === code)?.[1];
