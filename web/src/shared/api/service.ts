import { queryOptions, useQuery } from "@tanstack/react-query";
import type { ServiceStatus } from "@/api/types";
import { api, bodyOf } from "./client";
import { keys } from "./keys";

/** Whether the parts behind the desk are at work. Asked for once; the event stream says what changes. */
export const serviceOptions = queryOptions({
  queryKey: keys.service,
  queryFn: async ({ signal }): Promise<ServiceStatus> => bodyOf(await api.GET("/api/service", { signal })),
  staleTime: Infinity,
});

export const useService = (enabled: boolean) => useQuery({ ...serviceOptions, enabled }).data;
