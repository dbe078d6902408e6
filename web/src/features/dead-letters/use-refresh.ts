import { useQueryClient } from "@tanstack/react-query";
import { keys } from "@/shared/api/keys";

/** Reads again what an order has changed. */
export function useRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: keys.telemetryDeadLetters }),
      client.invalidateQueries({ queryKey: keys.deskLog }),
    ]);
  };
}
