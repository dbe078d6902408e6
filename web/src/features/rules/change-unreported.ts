import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { NewAlertSnooze, SuppressionChange } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

function useRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: keys.detection }),
      client.invalidateQueries({ queryKey: keys.deskLog }),
    ]);
  };
}

/** Alerts nobody by a rule about a customer until a time. */
export function useSnoozeAlerts() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (snooze: NewAlertSnooze) =>
      bodyOf(await api.POST("/api/detection/snoozes", { body: snooze })),
    onSettled: refresh,
  });
}

/** Alerts again before the time. */
export function useEndAlertSnooze() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (end: Omit<NewAlertSnooze, "until">) =>
      bodyOf(await api.POST("/api/detection/snoozes/end", { body: end })),
    onSettled: refresh,
  });
}

/** Lets an address or a customer never count. */
export function useAddSuppression() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (change: SuppressionChange) =>
      bodyOf(await api.POST("/api/detection/suppressions", { body: change })),
    onSettled: refresh,
  });
}

/** Lets it count again. */
export function useRemoveSuppression() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (change: SuppressionChange) =>
      bodyOf(await api.POST("/api/detection/suppressions/remove", { body: change })),
    onSettled: refresh,
  });
}
