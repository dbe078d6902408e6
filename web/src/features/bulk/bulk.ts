import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

export type BulkItem = components["schemas"]["BulkResult"];
export type BulkAction = "claim" | "assign" | "close_false_positive";

/** What is to be done with several cases. */
export interface BulkRequest {
  action: BulkAction;
  /** For `assign` only. */
  assignee?: string;
}

interface Preview extends BulkRequest {
  caseIds: readonly string[];
}

interface Application extends BulkRequest {
  items: readonly BulkItem[];
  comment?: string;
}

async function preview({ caseIds, ...order }: Preview) {
  const body = { ...order, case_ids: [...caseIds] };
  return bodyOf(await api.POST("/api/cases/bulk/preview", { body })).items;
}

async function apply({ items, ...order }: Application) {
  const bound = items.map(({ case_id, review_id, assessment_hash }) => ({
    case_id,
    review_id,
    assessment_hash,
  }));
  return bodyOf(await api.POST("/api/cases/bulk", { body: { ...order, items: bound } })).items;
}

/** What would come of an order, case by case. Changes nothing. */
export const usePreview = () => useMutation({ mutationFn: preview });

/** Carries an order out, bound to what the preview showed. */
export function useApply() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: apply,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.cases }),
  });
}
