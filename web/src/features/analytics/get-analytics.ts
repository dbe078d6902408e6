import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** How the messages of the last days ended, today included, UTC. */
export const useAnalytics = (days: number) =>
  useQuery(
    queryOptions({
      queryKey: keys.analytics(days),
      queryFn: async ({ signal }) =>
        bodyOf(await api.GET("/api/analytics", { params: { query: { days } }, signal })),
      placeholderData: keepPreviousData,
    }),
  );
