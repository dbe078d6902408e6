import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

async function getDrawings(caseId: string, alertId: string, signal: AbortSignal) {
  const path = { case_id: caseId, alert_id: alertId };
  return bodyOf(
    await api.GET("/api/cases/{case_id}/alerts/{alert_id}/drawings", { params: { path }, signal }),
  );
}

/** One picture of an alert's evidence: marks to draw, and the same in numbers. */
export type Drawing = Awaited<ReturnType<typeof getDrawings>>["items"][number];
export type DrawingMark = Drawing["marks"][number];

const drawingsOptions = (caseId: string, alertId: string) =>
  queryOptions({
    queryKey: keys.alertDrawings(caseId, alertId),
    queryFn: ({ signal }) => getDrawings(caseId, alertId, signal),
    // An alert never changes.
    staleTime: Infinity,
  });

/** The evidence of one alert, laid out to be drawn. */
export const useDrawings = (caseId: string, alertId: string) => useQuery(drawingsOptions(caseId, alertId));
