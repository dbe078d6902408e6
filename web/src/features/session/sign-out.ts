import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { KnownSession } from "@/shared/api/session";
import { PUBLIC_QUERIES } from "./public-queries";

/** Signs out and forgets what was read. */
export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => api.DELETE("/api/session"),
    onSuccess: () => forget(queries),
  });
}

function forget(queries: QueryClient): void {
  queries.setQueryData<KnownSession>(
    keys.session,
    (known) => known && { ...known, identity: null, lapsed: null },
  );
  queries.removeQueries({ predicate: ({ queryKey }) => !PUBLIC_QUERIES.has(queryKey[0]) });
}
