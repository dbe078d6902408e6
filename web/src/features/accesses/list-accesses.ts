import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf, newestFirst, oldestFirstItems } from "@/shared/api/newest-first-pages";

async function listAccesses(caseId: string, cursor: string | null, signal: AbortSignal) {
  const params = { path: { case_id: caseId }, query: cursorOf(cursor) };
  return bodyOf(await api.GET("/api/cases/{case_id}/accesses", { params, signal }));
}

/** Who saw the case, oldest first; fetched only for whoever asks, since reading it is on record as well. */
export const useAccesses = (caseId: string, asked: boolean) =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.caseAccesses(caseId),
      queryFn: ({ signal, pageParam }) => listAccesses(caseId, pageParam, signal),
      ...newestFirst,
      select: oldestFirstItems,
      enabled: asked,
    }),
  );
