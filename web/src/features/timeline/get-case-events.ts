import { infiniteQueryOptions, queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { CaseEvent } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { cursorOf, newestFirst, oldestFirstItems } from "@/shared/api/newest-first-pages";
import { keys } from "@/shared/api/keys";

async function getCaseEvents(caseId: string, cursor: string | null, signal: AbortSignal) {
  const params = { path: { case_id: caseId }, query: cursorOf(cursor) };
  return bodyOf(await api.GET("/api/cases/{case_id}/history", { params, signal }));
}

/** The log of one case, oldest first: its newest page, and before it what was asked for. */
export const useCaseEvents = (caseId: string) =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.caseEvents(caseId),
      queryFn: ({ signal, pageParam }) => getCaseEvents(caseId, pageParam, signal),
      ...newestFirst,
      select: oldestFirstItems,
    }),
  );

/** Event types that the panels need; they must not be missing when the log has many pages. */
const MILESTONES: CaseEvent["type"][] = [
  "specialist_started",
  "review_reminded",
  "escalated",
  "orchestration_failed",
  "facts_changed",
];

async function getMilestones(caseId: string, signal: AbortSignal) {
  const params = { path: { case_id: caseId }, query: { type: MILESTONES, limit: 100 } };
  return bodyOf(await api.GET("/api/cases/{case_id}/history", { params, signal })).items;
}

/** The newest events about the progress of investigation and question, oldest first. */
export const useMilestones = (caseId: string) =>
  useQuery(
    queryOptions({
      queryKey: keys.caseMilestones(caseId),
      queryFn: ({ signal }) => getMilestones(caseId, signal),
    }),
  );
