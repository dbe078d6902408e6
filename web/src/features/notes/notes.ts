import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const pathOf = (caseId: string) => ({ path: { case_id: caseId } });

async function listNotes(caseId: string, signal: AbortSignal) {
  return bodyOf(await api.GET("/api/cases/{case_id}/notes", { params: pathOf(caseId), signal })).items;
}

/** What people wrote about a case, oldest first. */
export const useNotes = (caseId: string) =>
  useQuery(
    queryOptions({ queryKey: keys.notes(caseId), queryFn: ({ signal }) => listNotes(caseId, signal) }),
  );

export function useAddNote(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (text: string) =>
      api.POST("/api/cases/{case_id}/notes", { params: pathOf(caseId), body: { text } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.notes(caseId) }),
  });
}
