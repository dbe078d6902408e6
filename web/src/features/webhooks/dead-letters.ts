import { infiniteQueryOptions, useInfiniteQuery, useMutation } from "@tanstack/react-query";
import type { Subscription } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { cursorOf } from "@/shared/api/newest-first-pages";
import { useRefresh } from "./change-subscription";

/** The events that were given up for a webhook, the oldest first. */
export const useDeadLetters = ({ subscription_id }: Subscription) =>
  useInfiniteQuery(
    infiniteQueryOptions({
      queryKey: keys.deadLetters(subscription_id),
      queryFn: async ({ signal, pageParam }) =>
        bodyOf(
          await api.GET("/api/subscriptions/{subscription_id}/dead-letters", {
            params: { path: { subscription_id }, query: cursorOf(pageParam) },
            signal,
          }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (page) => page.next_cursor,
      select: ({ pages }) => pages.flatMap((page) => page.items),
    }),
  );

/** Has some of them sent again, or all. */
export function useResend({ subscription_id }: Subscription) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (numbers: number[] | null) =>
      api.POST("/api/subscriptions/{subscription_id}/dead-letters/resend", {
        params: { path: { subscription_id } },
        body: { numbers },
      }),
    onSettled: refresh,
  });
}

/** Forgets one of them. */
export function useDropDeadLetter({ subscription_id }: Subscription) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (number: number) =>
      api.DELETE("/api/subscriptions/{subscription_id}/dead-letters/{number}", {
        params: { path: { subscription_id, number } },
      }),
    onSettled: refresh,
  });
}
