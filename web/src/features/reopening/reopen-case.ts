import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Opens a closed case again, for a reason that the log keeps. */
export function useReopenCase(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      api.POST("/api/cases/{case_id}/reopen", { params: { path: { case_id: caseId } }, body: { reason } }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
