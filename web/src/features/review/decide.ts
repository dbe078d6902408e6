import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

export type DecisionBody = components["schemas"]["DecisionRequest"];

const decide = (body: DecisionBody) => api.POST("/api/workflow/decision", { body });

/** Answers one review. Whatever comes of it, the case on the page is read again. */
export function useDecide(caseId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: decide,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.case(caseId) }),
  });
}
