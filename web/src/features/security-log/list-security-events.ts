import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import type { SecurityEventKind } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf, newestFirst, oldestFirstItems } from "@/shared/api/newest-first-pages";

export interface SecurityFilter {
  kind: SecurityEventKind | null;
  subject: string | null;
}

/** Lines of the security log, oldest first. Reading it is a line of its own, so it is read when somebody asks. */
export const useSecurityEvents = (filter: SecurityFilter) =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.securityLog(filter),
      queryFn: async ({ signal, pageParam }) =>
        bodyOf(
          await api.GET("/api/security-log", {
            params: { query: { ...filter, ...cursorOf(pageParam) } },
            signal,
          }),
        ),
      ...newestFirst,
      select: oldestFirstItems,
    }),
  );
