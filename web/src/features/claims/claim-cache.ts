import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import type { FraudCaseView, Claim } from "@/api/types";
import { keys } from "@/shared/api/keys";

/** What every change of a claim does to the case on the page: its answer is shown, a refusal reads the case again. */
export function useClaimCache(caseId: string) {
  const queries = useQueryClient();
  return {
    show: (claim: Claim | null) => setClaim(queries, caseId, claim),
    refetch: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  };
}

function setClaim(queries: QueryClient, caseId: string, claim: Claim | null): void {
  queries.setQueryData<FraudCaseView>(keys.case(caseId), (view) => view && { ...view, claim });
}
