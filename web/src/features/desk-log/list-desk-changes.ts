import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf, newestFirst, oldestFirstItems } from "@/shared/api/newest-first-pages";

/** What was changed that belongs to no case, oldest first. */
export const useDeskChanges = () =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.deskLog,
      queryFn: async ({ signal, pageParam }) =>
        bodyOf(await api.GET("/api/desk-log", { params: { query: cursorOf(pageParam) }, signal })),
      ...newestFirst,
      select: oldestFirstItems,
    }),
  );
