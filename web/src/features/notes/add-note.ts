import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Adds a note. Notes are never changed: another one can correct them. */
export function useAddNote(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (text: string) =>
      api.POST("/api/cases/{case_id}/notes", { params: { path: { case_id: caseId } }, body: { text } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.notes(caseId) }),
  });
}
