import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "./client";
import { keys } from "./keys";

async function getRules(signal: AbortSignal): Promise<readonly string[]> {
  return Object.keys(bodyOf(await api.GET("/api/ingest", { signal })).alerts_by_rule).sort();
}

/** The rules that raise alerts here, for suggestions. */
export const useRules = (): readonly string[] =>
  useQuery(
    queryOptions({ queryKey: keys.rules, queryFn: ({ signal }) => getRules(signal), staleTime: 10 * 60_000 }),
  ).data ?? [];
