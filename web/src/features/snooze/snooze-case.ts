import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

export type SnoozeOrder = components["schemas"]["SnoozeOrder"];

/** Snoozes a case. The case on the page is read again, with what that did to its claim. */
export function useSnoozeCase(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: SnoozeOrder) =>
      bodyOf(await api.PUT("/api/cases/{case_id}/snooze", { params: { path: { case_id: caseId } }, body })),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
