import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Effect, Reversal } from "@/api/types";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Asks for an effect to be reversed; another person must approve it. */
export function useRequestReversal(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { undoes: string; reason: string }) =>
      api.POST("/api/cases/{case_id}/reversals", { params: { path: { case_id: caseId } }, body }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}

/** Whether one may ask for the reversal: it was done, and no request is open or has succeeded. */
export const canBeReversed = (effect: Effect, reversals: readonly Reversal[]): boolean =>
  effect.status === "done" &&
  reversals.every(
    ({ undoes, status }) => undoes !== effect.key || status === "refused" || status === "failed",
  );
