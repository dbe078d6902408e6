import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Effect, Reversal } from "@/api/types";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Asking for an effect to be taken back, and deciding about it. */
export function useReversals(caseId: string) {
  const queries = useQueryClient();
  const onSettled = () => queries.invalidateQueries({ queryKey: keys.case(caseId) });
  return {
    request: useMutation({
      mutationFn: (body: { undoes: string; reason: string }) =>
        api.POST("/api/cases/{case_id}/reversals", { params: { path: { case_id: caseId } }, body }),
      onSettled,
    }),
    decide: useMutation({
      mutationFn: ({
        reversal,
        ...body
      }: {
        reversal: Reversal;
        verdict: "approve" | "reject";
        comment?: string;
      }) =>
        api.POST("/api/cases/{case_id}/reversals/{number}/decision", {
          params: { path: { case_id: caseId, number: numberOf(reversal) } },
          body,
        }),
      onSettled,
    }),
  };
}

/** Requests are counted by case; the number ends their id. */
const numberOf = ({ reversal_id }: Reversal): number => Number(reversal_id.split(":").at(-1));

/** Whether one may ask to take the effect back: it was done, and no request is open or has succeeded. */
export const canBeUndone = (effect: Effect, reversals: readonly Reversal[]): boolean =>
  effect.status === "done" &&
  reversals.every(
    ({ undoes, status }) => undoes !== effect.key || status === "refused" || status === "failed",
  );

/** What taking a lock back does not do while other cases have locked the account as well; null without any. */
export const staysLocked = (others: readonly string[]): string | null =>
  others.length === 0
    ? null
    : `The account stays locked all the same: ${others.join(", ")} also locked it, and that approval stands.`;

/** What else keeps the account locked after a lock was taken back, by the store's own answer: cases, where it names them. */
export const othersThatLocked = (effect: Effect): string[] => {
  const standing = effect.action === "unlock_account" ? effect.result?.["still_locked_by"] : undefined;
  return Array.isArray(standing) ? standing.map(nameOf) : [];
};

const nameOf = (lock: unknown): string => {
  const key =
    typeof lock === "object" && lock !== null && "idempotency_key" in lock ? lock.idempotency_key : null;
  const [caseId] = typeof key === "string" ? key.split(":") : [];
  return caseId?.startsWith("case-") ? caseId : "another order";
};
