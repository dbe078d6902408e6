import { useMutation } from "@tanstack/react-query";
import type { Subscription } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { useRefresh } from "./change-subscription";

/** Signs with one more secret from now on; the result is the secret, which is told this once. */
export function useAddSecret({ subscription_id }: Subscription) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async () =>
      bodyOf(
        await api.POST("/api/subscriptions/{subscription_id}/secrets", {
          params: { path: { subscription_id } },
        }),
      ),
    onSettled: refresh,
  });
}

/** Signs no longer with a secret. */
export function useRemoveSecret({ subscription_id }: Subscription) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (secret_id: string) =>
      api.DELETE("/api/subscriptions/{subscription_id}/secrets/{secret_id}", {
        params: { path: { subscription_id, secret_id } },
      }),
    onSettled: refresh,
  });
}
