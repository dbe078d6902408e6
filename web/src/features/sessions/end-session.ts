import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** Ends a session, on every replica. */
export function useEndSession() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (sessionId: string) =>
      api.DELETE("/api/sessions/{session_id}", { params: { path: { session_id: sessionId } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.sessions }),
  });
}
