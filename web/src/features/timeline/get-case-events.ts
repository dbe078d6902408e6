import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

async function getCaseEvents(caseId: string, signal: AbortSignal) {
  const path = { case_id: caseId };
  return bodyOf(await api.GET("/api/cases/{case_id}/history", { params: { path }, signal })).items;
}

export const caseEventsOptions = (caseId: string) =>
  queryOptions({
    queryKey: keys.caseEvents(caseId),
    queryFn: ({ signal }) => getCaseEvents(caseId, signal),
  });

/** The log of one case, oldest first. */
export const useCaseEvents = (caseId: string) => useQuery(caseEventsOptions(caseId));
