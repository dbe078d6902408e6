import { useMutation } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import type { BulkRequest } from "./bulk-request";

interface Preview extends BulkRequest {
  caseIds: readonly string[];
}

async function preview({ caseIds, ...order }: Preview) {
  const body = { ...order, case_ids: [...caseIds] };
  return bodyOf(await api.POST("/api/cases/bulk/preview", { body })).items;
}

/** What would come of a bulk request, case by case. Changes nothing. */
export const usePreviewBulk = () => useMutation({ mutationFn: preview });
