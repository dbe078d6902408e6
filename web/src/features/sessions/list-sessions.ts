import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Whose sessions are listed: one's own, or those of everybody, for admins. */
export type Whose = "mine" | "all";

/** The open sessions, the newest first. */
export const useSessions = (whose: Whose) =>
  useQuery(
    queryOptions({
      queryKey: keys.sessionList(whose),
      queryFn: async ({ signal }) =>
        bodyOf(await api.GET("/api/sessions", { params: { query: { whose } }, signal })),
    }),
  );
