import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf, newestFirst } from "@/shared/api/newest-first-pages";

async function getConversation(userId: string, search: string, cursor: string | null, signal: AbortSignal) {
  const query = { ...cursorOf(cursor), ...(search !== "" && { search }) };
  const params = { path: { user_id: userId }, query };
  return bodyOf(await api.GET("/api/conversations/{user_id}", { params, signal }));
}

/** What a user wrote and was answered, oldest first: the newest page, and before it what was asked for. */
export const useConversation = (userId: string, search = "") =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.conversationSearch(userId, search),
      queryFn: ({ signal, pageParam }) => getConversation(userId, search, pageParam, signal),
      ...newestFirst,
      select: ({ pages }) => ({
        user: pages[0]?.user,
        items: pages.toReversed().flatMap((page) => page.items),
      }),
      placeholderData: keepPreviousData,
    }),
  );
