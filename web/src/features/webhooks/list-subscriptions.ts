import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const EVERY_MS = 5_000;

/** All webhooks with their progress, the oldest first; read again while somebody looks. */
export const useSubscriptions = () =>
  useQuery(
    queryOptions({
      queryKey: keys.subscriptionList,
      queryFn: async ({ signal }) => bodyOf(await api.GET("/api/subscriptions", { signal })).items,
      refetchInterval: EVERY_MS,
    }),
  );
