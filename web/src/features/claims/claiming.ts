import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { CaseView, Claim } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { useIdentity } from "@/shared/api/session";
import { casesWithDrafts } from "@/shared/drafts";

const pathOf = (caseId: string) => ({ params: { path: { case_id: caseId } } });

async function nextCase(subject: string) {
  // The server does not know of words that were not sent: a case that has some stays with its reader.
  const keep = casesWithDrafts(subject);
  const answer = await api.POST("/api/cases/next", { params: { query: keep.length === 0 ? {} : { keep } } });
  return answer.data ?? null;
}

/**
 * Claims the most urgent case that nobody works on; null when nothing waits. What was handed over before and not
 * touched goes back to the others.
 */
export function useNextCase() {
  const queries = useQueryClient();
  const subject = useIdentity()?.subject ?? "";
  return useMutation({
    mutationFn: () => nextCase(subject),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.caseCounts }),
  });
}

/** Claiming, prolonging, releasing and taking over one case. */
export function useClaiming(caseId: string) {
  const queries = useQueryClient();
  const show = (claim: Claim | null) =>
    queries.setQueryData<CaseView>(keys.case(caseId), (view) => view && { ...view, claim });
  const onError = () => queries.invalidateQueries({ queryKey: keys.case(caseId) });
  return {
    claim: useMutation({
      mutationFn: async () => bodyOf(await api.POST("/api/cases/{case_id}/claim", pathOf(caseId))),
      onSuccess: show,
      onError,
    }),
    release: useMutation({
      mutationFn: (reason?: string) =>
        api.DELETE("/api/cases/{case_id}/claim", {
          params: { path: { case_id: caseId }, query: reason === undefined ? {} : { reason } },
        }),
      onSuccess: () => show(null),
      onError,
    }),
    takeOver: useMutation({
      mutationFn: async (reason: string) =>
        bodyOf(
          await api.POST("/api/cases/{case_id}/claim/take-over", { ...pathOf(caseId), body: { reason } }),
        ),
      onSuccess: show,
      onError,
    }),
  };
}
