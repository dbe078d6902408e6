import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "./client";
import { keys } from "./keys";

async function getConfig(signal: AbortSignal) {
  return bodyOf(await api.GET("/api/config", { signal }));
}

export const configOptions = queryOptions({
  queryKey: keys.config,
  queryFn: ({ signal }) => getConfig(signal),
  staleTime: 10 * 60_000,
});

/** What this installation is: its model and its thresholds. */
export const useConfig = () => useQuery(configOptions);
