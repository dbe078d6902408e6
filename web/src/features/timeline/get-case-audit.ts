import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

async function getCaseAudit(caseId: string, signal: AbortSignal) {
  const path = { case_id: caseId };
  const { intact, broken, head, refused } = bodyOf(
    await api.GET("/api/cases/{case_id}/audit", { params: { path, query: { limit: 1 } }, signal }),
  );
  return { intact, broken, head, refused };
}

/** Whether the case's log still is what was written. */
export const useCaseAudit = (caseId: string) =>
  useQuery(
    queryOptions({ queryKey: keys.caseAudit(caseId), queryFn: ({ signal }) => getCaseAudit(caseId, signal) }),
  );
