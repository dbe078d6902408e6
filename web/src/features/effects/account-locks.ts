import type { Effect, EffectOrder } from "@/api/types";
import { formatDayTime } from "@/shared/format/time";

type NameOf = (subject: string) => string;

/** An order of another case, within a sentence: which case, who approved it, and when. */
export const spokenOrder = ({ case_id, approved_by, at }: EffectOrder, nameOf: NameOf): string => {
  const since = formatDayTime(at);
  if (case_id == null) return `an order of no case (${since})`;
  return approved_by == null
    ? `${case_id} (${since})`
    : `${case_id} (approved by ${nameOf(approved_by)}, ${since})`;
};

/** What reversing a lock does not do while other cases have locked the account as well; null without any. */
export const staysLocked = (others: readonly EffectOrder[], nameOf: NameOf): string | null =>
  others.length === 0
    ? null
    : `The account stays locked all the same: ${others.map((other) => spokenOrder(other, nameOf)).join(", ")} also locked it, and that approval stands.`;

/** Of a lock that is done: by whom the account was locked already; null when this effect locked it. */
export const alreadyLocked = ({ already }: Effect, nameOf: NameOf): string | null => {
  if (already == null) return null;
  const by = already.map((order) => spokenOrder(order, nameOf)).join(" and by ");
  return `The account was locked already${by === "" ? "" : `, by ${by}`}. This approval keeps it locked as well, until the last one is taken back.`;
};

/** What else keeps the account locked after a lock was reversed, by the store's own answer: cases, where it names them. */
export const othersThatLocked = (effect: Effect): string[] => {
  const active = effect.action === "unlock_account" ? effect.result?.["still_locked_by"] : undefined;
  return Array.isArray(active) ? active.map(nameOfLock) : [];
};

const nameOfLock = (lock: unknown): string => {
  const key =
    typeof lock === "object" && lock !== null && "idempotency_key" in lock ? lock.idempotency_key : null;
  const [caseId] = typeof key === "string" ? key.split(":") : [];
  return caseId?.startsWith("case-") ? caseId : "another order";
};
