import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { CaseSummary, FraudCaseView, Identity } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { mayActAs } from "@/shared/api/session";

/** Whether this person may move alerts of the case: it is open, nothing is decided, and nobody else works on it. */
export function mayMoveAlerts(view: FraudCaseView, identity: Identity | null): boolean {
  const isOpen =
    view.state === "investigating" || view.state === "awaiting_review" || view.state === "escalated";
  const decided = view.decisions.at(-1);
  const isDecided = decided?.verdict === "approve" && decided.review_id.endsWith(`:r${view.round}`);
  const isOthers = view.claim !== null && view.claim.assignee !== identity?.subject;
  return isOpen && !isDecided && !isOthers && mayActAs(identity, "analyst");
}

/** Takes an alert out of the case, into one of its own. */
export function useDetachAlert(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ alertId, reason }: { alertId: string; reason: string }) =>
      bodyOf(
        await api.POST("/api/cases/{case_id}/alerts/{alert_id}/detach", {
          params: { path: { case_id: caseId, alert_id: alertId } },
          body: { reason },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}

/** Makes the case part of another one. */
export function useMergeCase(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ into, reason }: { into: string; reason: string }) =>
      bodyOf(
        await api.POST("/api/cases/{case_id}/merge", {
          params: { path: { case_id: caseId } },
          body: { into, reason },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}

const OPEN: CaseSummary["state"][] = ["investigating", "awaiting_review", "escalated"];

/** The customer's other cases that this one could become a part of. */
export function useMergeTargets(view: FraudCaseView, enabled: boolean) {
  const query = { customer_id: view.alert.customer_id, state: OPEN, sort: "-opened" as const };
  return useQuery({
    // A page of the list as any other: what happens live changes it.
    queryKey: keys.casePage(query, null),
    queryFn: async ({ signal }) => bodyOf(await api.GET("/api/cases", { params: { query }, signal })),
    select: ({ items }) => items.filter(({ case_id }) => case_id !== view.case_id),
    enabled,
  });
}
