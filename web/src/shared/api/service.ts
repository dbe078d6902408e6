import { queryOptions, useQuery } from "@tanstack/react-query";
import type { RecommendedAction, ServiceStatus } from "@/api/types";
import { api, bodyOf } from "./client";
import { useConfig } from "./config";
import { keys } from "./keys";
import { useIdentity } from "./session";

/** Whether scheduler and workers are running. Fetched once; the event stream sends changes. */
export const serviceOptions = queryOptions({
  queryKey: keys.service,
  queryFn: async ({ signal }): Promise<ServiceStatus> => bodyOf(await api.GET("/api/service", { signal })),
  staleTime: Infinity,
});

/** Undefined until it is known, and without sign-in. */
export function useService(): ServiceStatus | undefined {
  const enabled = useIdentity() !== null;
  return useQuery({ ...serviceOptions, enabled }).data;
}

/** Whether something is not at work that should be. */
export const isDegraded = (service: ServiceStatus): boolean =>
  outageOf(service) !== undefined || service.not_begun > 0;

/** Which part is not running, so that no case continues. */
export type Outage = "scheduler" | "hub" | "worker";

const outageOf = (service: ServiceStatus): Outage | undefined => {
  if (service.scheduler_away_since !== null) return "scheduler";
  if (service.hub_taken_since !== null) return "hub";
  return service.worker_away_since === null ? undefined : "worker";
};

/** What is missing for anything to go on right now; undefined while nothing is, as far as anybody knows. */
export function useOutage(): Outage | undefined {
  const service = useService();
  return service === undefined ? undefined : outageOf(service);
}

/** Why no case continues, as the end of a sentence. */
export const OUTAGE_REASON: Record<Outage, string> = {
  scheduler: "the scheduler does not answer",
  hub: "the scheduler does the work of another casebook",
  worker: "no worker is at work",
};

/** When what a person approves now is carried out: a sentence. */
export function useExecutionNote(action: RecommendedAction | undefined): string {
  const outage = useOutage();
  const hold = useConfig().data?.decision_hold_seconds ?? 0;
  const note =
    hold > 0 && action !== undefined && action !== "clear"
      ? `It is done in ${hold} seconds: until then you can take it back.`
      : "It is done at once.";
  return outage === undefined ? note : `It is not done yet, because ${OUTAGE_REASON[outage]}.`;
}
