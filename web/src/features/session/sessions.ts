import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { KnownSession } from "@/shared/api/session";

/** Facts of the installation, the same for everybody. */
const OF_NOBODY = new Set<unknown>([keys.config[0], keys.session[0]]);

async function signIn(persona: string) {
  return bodyOf(await api.POST("/api/session", { body: { persona } }));
}

/** Signs in as one of the named people. What is on screen stays and is read again under the new name. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: signIn,
    onSuccess: async (session) => {
      queries.setQueryData(keys.session, session);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => !OF_NOBODY.has(queryKey[0]) });
    },
  });
}

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
  queries.removeQueries({ predicate: ({ queryKey }) => !OF_NOBODY.has(queryKey[0]) });
}
