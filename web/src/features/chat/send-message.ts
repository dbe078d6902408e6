import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

interface Message {
  userId: string;
  text: string;
  /** The same one twice is one message: a request that was lost can be sent again. */
  messageId: string;
}

/** Sends what a customer writes. The reply comes with the conversation, when it may be sent. */
export function useSendMessage() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ userId, text, messageId }: Message) =>
      bodyOf(
        await api.POST("/api/chat", {
          params: { query: { wait: 0 } },
          body: { user_id: userId, text, message_id: messageId, metadata: {}, tags: [] },
        }),
      ),
    onSuccess: (_, { userId }) =>
      Promise.all([
        queries.invalidateQueries({ queryKey: keys.conversation(userId) }),
        queries.invalidateQueries({ queryKey: keys.users }),
      ]),
  });
}
