import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { cursorOf, newestFirst, oldestFirstItems } from "@/shared/api/newest-first-pages";
import { keys } from "@/shared/api/keys";

const pathOf = (caseId: string) => ({ path: { case_id: caseId } });

async function listNotes(caseId: string, cursor: string | null, signal: AbortSignal) {
  const params = { ...pathOf(caseId), query: cursorOf(cursor) };
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

export function useAddNote(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (text: string) =>
      api.POST("/api/cases/{case_id}/notes", { params: pathOf(caseId), body: { text } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.notes(caseId) }),
  });
}
