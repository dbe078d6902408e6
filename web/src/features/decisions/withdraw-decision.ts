import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const withdraw = async (caseId: string) =>
  bodyOf(await api.DELETE("/api/cases/{case_id}/decision", { params: { path: { case_id: caseId } } }));

/** Takes one's own decision back while it is held, and gets what it said. */
export function useWithdrawDecision(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => withdraw(caseId),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
