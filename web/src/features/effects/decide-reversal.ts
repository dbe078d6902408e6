import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Reversal } from "@/api/types";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

interface ReversalDecision {
  verdict: "approve" | "reject";
  comment?: string;
}

/** Approves or refuses a requested reversal; who requested it withdraws it by refusing it. */
export function useDecideReversal(caseId: string, reversal: Reversal) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: ReversalDecision) =>
      api.POST("/api/cases/{case_id}/reversals/{number}/decision", {
        params: { path: { case_id: caseId, number: numberOf(reversal) } },
        body,
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}

/** Requests are counted by case; the number ends their id. */
const numberOf = ({ reversal_id }: Reversal): number => Number(reversal_id.split(":").at(-1));
