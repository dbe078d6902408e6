import { useMutation } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { useClaimCache } from "./claim-cache";

/** Claims a case, or prolongs one's own claim. */
export function useClaimCase(caseId: string) {
  const { show, refetch } = useClaimCache(caseId);
  return useMutation({
    mutationFn: async () =>
      bodyOf(await api.POST("/api/cases/{case_id}/claim", { params: { path: { case_id: caseId } } })),
    onSuccess: show,
    onError: refetch,
  });
}
