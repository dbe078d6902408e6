import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import type { FraudCaseView } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

export type SnoozeOrder = components["schemas"]["SnoozeOrder"];

/** Snoozes a case. Its claim is gone at once, so that the page does not renew it. */
export function useSnoozeCase(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: SnoozeOrder) =>
      bodyOf(await api.PUT("/api/cases/{case_id}/snooze", { params: { path: { case_id: caseId } }, body })),
    onSuccess: (snooze) =>
      queries.setQueryData<FraudCaseView>(
        keys.case(caseId),
        (view) => view && { ...view, claim: null, snooze },
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
