import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Withdraws one's own first approval, before a second person has approved. */
export function useWithdrawApproval(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => api.DELETE("/api/cases/{case_id}/proposal", { params: { path: { case_id: caseId } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
