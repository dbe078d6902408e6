import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf, newestFirst, oldestFirstItems } from "@/shared/api/newest-first-pages";

async function listNotes(caseId: string, cursor: string | null, signal: AbortSignal) {
  const params = { path: { case_id: caseId }, query: cursorOf(cursor) };
  return bodyOf(await api.GET("/api/cases/{case_id}/notes", { params, signal }));
}

/** What people wrote about a case, oldest first: the newest page, and before it what was asked for. */
export const useNotes = (caseId: string) =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.notes(caseId),
      queryFn: ({ signal, pageParam }) => listNotes(caseId, pageParam, signal),
      ...newestFirst,
      select: oldestFirstItems,
    }),
  );
