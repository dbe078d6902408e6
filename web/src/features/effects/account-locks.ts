import type { Effect } from "@/api/types";

/** What reversing a lock does not do while other cases have locked the account as well; null without any. */
export const staysLocked = (others: readonly string[]): string | null =>
  others.length === 0
    ? null
    : `The account stays locked all the same: ${others.join(", ")} also locked it, and that approval stands.`;

/** What else keeps the account locked after a lock was reversed, by the store's own answer: cases, where it names them. */
export const othersThatLocked = (effect: Effect): string[] => {
  const active = effect.action === "unlock_account" ? effect.result?.["still_locked_by"] : undefined;
  return Array.isArray(active) ? active.map(nameOf) : [];
};

const nameOf = (lock: unknown): string => {
  const key =
    typeof lock === "object" && lock !== null && "idempotency_key" in lock ? lock.idempotency_key : null;
  const [caseId] = typeof key === "string" ? key.split(":") : [];
  return caseId?.startsWith("case-") ? caseId : "another order";
};
