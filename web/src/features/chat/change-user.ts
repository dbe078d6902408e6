import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Says which customer a user is; null: none. */
export function useLinkUser(userId: string) {
  const refresh = useRefresh(userId);
  return useMutation({
    mutationFn: async (customerId: number | null) => {
      const params = { path: { user_id: userId } };
      return customerId === null
        ? bodyOf(await api.DELETE("/api/conversations/{user_id}/customer", { params }))
        : bodyOf(
            await api.PUT("/api/conversations/{user_id}/customer", {
              params,
              body: { customer_id: customerId },
            }),
          );
    },
    onSettled: refresh,
  });
}

/** Erases every text of a conversation. */
export function useEraseConversation(userId: string) {
  const refresh = useRefresh(userId);
  return useMutation({
    mutationFn: async () =>
      bodyOf(await api.DELETE("/api/conversations/{user_id}", { params: { path: { user_id: userId } } })),
    onSettled: refresh,
  });
}

function useRefresh(userId: string) {
  const queries = useQueryClient();
  return () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: keys.conversation(userId) }),
      queries.invalidateQueries({ queryKey: keys.users }),
    ]);
}
