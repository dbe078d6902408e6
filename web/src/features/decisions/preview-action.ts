import { queryOptions, useQuery } from "@tanstack/react-query";
import type { ChosenRefund, RecommendedAction, ReviewRequest } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const FRESH_MS = 15_000;

interface PreviewOrder {
  action: RecommendedAction | undefined;
  /** Undefined: the charges that the assessment names. */
  refunds: readonly ChosenRefund[] | undefined;
}

const previewOptions = (caseId: string, review: ReviewRequest, { action, refunds }: PreviewOrder) =>
  queryOptions({
    queryKey: keys.preview(caseId, review.review_id, { action, refunds }),
    queryFn: async ({ signal }) =>
      bodyOf(
        await api.POST("/api/cases/{case_id}/preview", {
          params: { path: { case_id: caseId } },
          body: { action: action ?? "clear", ...(refunds !== undefined && { refunds: [...refunds] }) },
          signal,
        }),
      ),
    // Nothing of it is kept: the store is asked again soon, and once more before anything is done.
    staleTime: FRESH_MS,
    retry: false,
  });

/** A dry run: what the customer store would do now. Nothing is known where the store does not answer. */
export const usePreview = (caseId: string, review: ReviewRequest, order: PreviewOrder) =>
  useQuery({
    ...previewOptions(caseId, review, order),
    enabled: order.action !== undefined && order.action !== "clear" && order.refunds?.length !== 0,
  });
