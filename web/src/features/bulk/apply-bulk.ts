import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { BulkItem, BulkRequest } from "./bulk-request";

interface Application extends BulkRequest {
  items: readonly BulkItem[];
  comment?: string;
}

async function apply({ items, ...order }: Application) {
  const bound = items.map(({ case_id, review_id, assessment_hash }) => ({
    case_id,
    review_id,
    assessment_hash,
  }));
  return bodyOf(await api.POST("/api/cases/bulk", { body: { ...order, items: bound } })).items;
}

/** Carries a bulk request out, bound to what the preview showed. */
export function useApplyBulk() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: apply,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.cases }),
  });
}
