import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { NewSubscription, Subscription, SubscriptionChange } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** A webhook as somebody has read it: a change of one that others changed meanwhile is refused. */
const asRead = ({ subscription_id, revision }: Subscription) => ({
  path: { subscription_id },
  header: { "if-match": `"${revision}"` },
});

/** Makes a webhook; the result has its secret, which is told this once. */
export function useCreateSubscription() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (order: NewSubscription) =>
      bodyOf(await api.POST("/api/subscriptions", { body: order })),
    onSettled: refresh,
  });
}

/** Changes, pauses or resumes a webhook. */
export function useChangeSubscription(subscription: Subscription) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (change: SubscriptionChange) =>
      api.PATCH("/api/subscriptions/{subscription_id}", { params: asRead(subscription), body: change }),
    onSettled: refresh,
  });
}

/** Deletes a webhook, with what waits for it and what was given up. */
export function useDeleteSubscription(subscription: Subscription) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: () => api.DELETE("/api/subscriptions/{subscription_id}", { params: asRead(subscription) }),
    onSettled: refresh,
  });
}

/** Has everything sent again from an event on. */
export function useReplay({ subscription_id }: Subscription) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (first: number) =>
      api.POST("/api/subscriptions/{subscription_id}/replay", {
        params: { path: { subscription_id } },
        body: { from_sequence: first },
      }),
    onSettled: refresh,
  });
}

/** Reads the list again, whatever the result was: others may have changed it. */
export function useRefresh() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: keys.subscriptions });
}
