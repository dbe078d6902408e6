import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { KnownSession } from "@/shared/api/session";
import { PUBLIC_QUERIES } from "./public-queries";

const signOut = async () => bodyOf(await api.DELETE("/api/session"));

/** Signs out and forgets what was read; then at the sign-in provider, where there is one. */
export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: signOut,
    onSuccess: ({ continue_at: provider }) => {
      forget(queries);
      if (provider !== null) window.location.assign(provider);
    },
  });
}

function forget(queries: QueryClient): void {
  queries.setQueryData<KnownSession>(
    keys.session,
    (known) => known && { ...known, identity: null, lapsed: null },
  );
  queries.removeQueries({ predicate: ({ queryKey }) => !PUBLIC_QUERIES.has(queryKey[0]) });
}
