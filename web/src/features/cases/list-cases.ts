import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import type { CaseState } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const PAGE_SIZE = 50;

async function listCases(state: CaseState | undefined, cursor: string | undefined, signal: AbortSignal) {
  const query = { limit: PAGE_SIZE, ...(state && { state }), ...(cursor && { cursor }) };
  return bodyOf(await api.GET("/api/cases", { params: { query }, signal }));
}

export const listCasesOptions = (state: CaseState | undefined) =>
  infiniteQueryOptions({
    queryKey: keys.caseList(state),
    queryFn: ({ pageParam, signal }) => listCases(state, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // Rows move between pages while new cases arrive: a case shows once.
    select: ({ pages }) => [
      ...new Map(pages.flatMap((page) => page.items).map((item) => [item.case_id, item])).values(),
    ],
  });

/** The queue, newest first, page by page. */
export const useCases = (state: CaseState | undefined) => useInfiniteQuery(listCasesOptions(state));
