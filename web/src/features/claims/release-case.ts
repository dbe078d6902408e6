import { useMutation } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { useClaimCache } from "./claim-cache";

/** Gives one's own claim back to the queue. */
export function useReleaseCase(caseId: string) {
  const { show, refetch } = useClaimCache(caseId);
  return useMutation({
    mutationFn: () =>
      api.DELETE("/api/cases/{case_id}/claim", { params: { path: { case_id: caseId }, query: {} } }),
    onSuccess: () => show(null),
    onError: refetch,
  });
}
