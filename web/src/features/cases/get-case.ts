import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

async function getCase(caseId: string, signal: AbortSignal) {
  return bodyOf(await api.GET("/api/cases/{case_id}", { params: { path: { case_id: caseId } }, signal }));
}

export const caseOptions = (caseId: string) =>
  queryOptions({
    queryKey: keys.case(caseId),
    queryFn: ({ signal }) => getCase(caseId, signal),
  });

/** Everything that the case page shows. */
export const useCase = (caseId: string) => useQuery(caseOptions(caseId));
