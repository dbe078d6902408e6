import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Lets a snoozed case into the queue again. */
export function useEndSnooze(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => api.DELETE("/api/cases/{case_id}/snooze", { params: { path: { case_id: caseId } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
