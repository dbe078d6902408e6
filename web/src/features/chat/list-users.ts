import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf } from "@/shared/api/newest-first-pages";

/** Who has written, whoever wrote last first; of those whose id begins like this. */
export const useUsers = (startsWith: string) =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.userList(startsWith),
      queryFn: async ({ signal, pageParam }) => {
        const query = { ...cursorOf(pageParam), ...(startsWith !== "" && { starts_with: startsWith }) };
        return bodyOf(await api.GET("/api/conversations", { params: { query }, signal }));
      },
      initialPageParam: null as string | null,
      getNextPageParam: (page) => page.next_cursor,
      select: ({ pages }) => pages.flatMap((page) => page.items),
      placeholderData: keepPreviousData,
    }),
  );
