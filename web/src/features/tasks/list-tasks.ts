import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import type { TaskQuery } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf } from "@/shared/api/newest-first-pages";

/** Tasks that pass every filter, the one that is due first at the beginning. */
export const useTasks = (query: TaskQuery) =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.taskList(query),
      queryFn: async ({ signal, pageParam }) =>
        bodyOf(
          await api.GET("/api/tasks", { params: { query: { ...query, ...cursorOf(pageParam) } }, signal }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (page) => page.next_cursor,
      select: ({ pages }) => pages.flatMap((page) => page.items),
      placeholderData: keepPreviousData,
    }),
  );
