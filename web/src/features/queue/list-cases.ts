import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { type QueueQuery, toApiQuery } from "@/shared/queue/query";

export const PAGE_SIZE = 50;

async function listCases(query: QueueQuery, cursor: string | null, signal: AbortSignal) {
  const asked = { limit: PAGE_SIZE, ...toApiQuery(query), ...(cursor !== null && { cursor }) };
  return bodyOf(await api.GET("/api/cases", { params: { query: asked }, signal }));
}

export const casePageOptions = (query: QueueQuery, cursor: string | null) =>
  queryOptions({
    queryKey: keys.casePage(query, cursor),
    queryFn: ({ signal }) => listCases(query, cursor, signal),
    // The page before stays until the next one is there, so that nothing jumps.
    placeholderData: keepPreviousData,
  });

/** One page of the cases that were asked for: however many there are, only a page is on screen. */
export const useCasePage = (query: QueueQuery, cursor: string | null) =>
  useQuery(casePageOptions(query, cursor));
