import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { useIdentity } from "@/shared/api/session";
import { casesWithDrafts } from "@/shared/drafts";

async function nextCase(subject: string) {
  // The server does not know of words that were not sent: a case that has some stays with its reader.
  const keep = casesWithDrafts(subject);
  const answer = await api.POST("/api/cases/next", { params: { query: keep.length === 0 ? {} : { keep } } });
  return answer.data ?? null;
}

/**
 * Claims the most urgent unassigned case; null when nothing waits. What was handed over before and not
 * touched goes back to the others.
 */
export function useNextCase() {
  const queries = useQueryClient();
  const subject = useIdentity()?.subject ?? "";
  return useMutation({
    mutationFn: () => nextCase(subject),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.caseCounts }),
  });
}
