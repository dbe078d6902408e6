import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** How many messages of a user were answered since the count was set or reset. */
export const useMessageCount = (userId: string) =>
  useQuery(
    queryOptions({
      queryKey: keys.messageCount(userId),
      queryFn: async ({ signal }) =>
        bodyOf(await api.GET("/api/analytics/{user_id}", { params: { path: { user_id: userId } }, signal })),
    }),
  );
