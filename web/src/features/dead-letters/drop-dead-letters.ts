import { useMutation } from "@tanstack/react-query";
import type { DeadLetterChoice } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { useRefresh } from "./use-refresh";

/** Forgets what is kept of some of them, for a reason. */
export function useDropDeadLetters() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (drop: DeadLetterChoice & { reason: string }) =>
      bodyOf(await api.POST("/api/telemetry/dead-letters/drop", { body: drop })),
    onSettled: refresh,
  });
}
