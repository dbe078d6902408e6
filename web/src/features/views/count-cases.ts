import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { formatNumber } from "@/shared/format/numbers";
import { type QueueQuery, toApiQuery } from "@/shared/queue/query";

const COUNTED = 50;

/** How many cases a query finds, as words: the server does not count long lists that no index counts. */
async function countCases(query: QueueQuery, signal: AbortSignal): Promise<string> {
  const asked = { ...toApiQuery(query), limit: COUNTED };
  const { total, items, next_cursor } = bodyOf(
    await api.GET("/api/cases", { params: { query: asked }, signal }),
  );
  if (total !== null) return formatNumber(total);
  return next_cursor === null ? formatNumber(items.length) : `${COUNTED}+`;
}

export const viewCountOptions = (query: QueueQuery) =>
  queryOptions({
    queryKey: keys.viewCount(query),
    queryFn: ({ signal }) => countCases(query, signal),
  });

async function getCounts(signal: AbortSignal) {
  return bodyOf(await api.GET("/api/cases/counts", { signal }));
}

/** How many cases wait, for the views that everybody has. */
export const useQueueCounts = () =>
  useQuery(queryOptions({ queryKey: keys.caseCounts, queryFn: ({ signal }) => getCounts(signal) }));
