import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Lets a case be purged and erased again, for a reason that the log keeps. */
export function useLiftLegalHold(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      api.POST("/api/cases/{case_id}/legal-hold/lift", {
        params: { path: { case_id: caseId } },
        body: { reason },
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
