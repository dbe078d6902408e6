import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Assignment, FraudCaseView } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Makes a case somebody's. Whosever claim that ends is read again with the case. */
export function useAssignCase(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (subject: string) =>
      bodyOf(
        await api.PUT("/api/cases/{case_id}/assignment", {
          params: { path: { case_id: caseId } },
          body: { assigned_to: subject },
        }),
      ),
    onSuccess: (assignment) => setAssignment(queries, caseId, assignment),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}

/** Puts a case back into the pool. */
export function useUnassignCase(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () =>
      api.DELETE("/api/cases/{case_id}/assignment", { params: { path: { case_id: caseId }, query: {} } }),
    onSuccess: () => setAssignment(queries, caseId, null),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}

function setAssignment(queries: QueryClient, caseId: string, assignment: Assignment | null): void {
  queries.setQueryData<FraudCaseView>(keys.case(caseId), (view) => view && { ...view, assignment });
}
