import { useMutation } from "@tanstack/react-query";
import type { DeadLetterChoice } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { useRefresh } from "./use-refresh";

/** Has a process that reads telemetry parse and judge some of them again. */
export function useRetryDeadLetters() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (choice: DeadLetterChoice) =>
      bodyOf(await api.POST("/api/telemetry/dead-letters/retry", { body: choice })),
    onSettled: refresh,
  });
}
