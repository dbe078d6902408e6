import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

async function getEvidence(caseId: string, evidenceId: string, signal: AbortSignal) {
  const path = { case_id: caseId, evidence_id: evidenceId };
  return bodyOf(await api.GET("/api/cases/{case_id}/evidence/{evidence_id}", { params: { path }, signal }));
}

export const evidenceOptions = (caseId: string, evidenceId: string) =>
  queryOptions({
    queryKey: keys.evidence(caseId, evidenceId),
    queryFn: ({ signal }) => getEvidence(caseId, evidenceId, signal),
    // What was recorded never changes.
    staleTime: Infinity,
  });

/** One recorded tool call, word for word. */
export const useEvidence = (caseId: string, evidenceId: string) =>
  useQuery(evidenceOptions(caseId, evidenceId));
