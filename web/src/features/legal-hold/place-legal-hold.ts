import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Lets nothing of a case be purged or erased, for a reason that the log keeps. */
export function usePlaceLegalHold(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      api.PUT("/api/cases/{case_id}/legal-hold", { params: { path: { case_id: caseId } }, body: { reason } }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
