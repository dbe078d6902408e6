import { useMutation } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { useClaimCache } from "./claim-cache";

/** Takes a case over from its assignee, for a reason that the log keeps. */
export function useTakeOverCase(caseId: string) {
  const { show, refetch } = useClaimCache(caseId);
  return useMutation({
    mutationFn: async (reason: string) =>
      bodyOf(
        await api.POST("/api/cases/{case_id}/claim/take-over", {
          params: { path: { case_id: caseId } },
          body: { reason },
        }),
      ),
    onSuccess: show,
    onError: refetch,
  });
}
