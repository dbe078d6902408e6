import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { maskEverything } from "@/shared/api/personal-data";
import { tellOtherTabs } from "./other-tabs";
import { PUBLIC_QUERIES } from "./public-queries";

async function signIn(persona: string) {
  return bodyOf(await api.POST("/api/session", { body: { persona } }));
}

/** Signs in as one of the named people. What is on screen stays and is read again under the new name. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: signIn,
    onSuccess: async (session) => {
      maskEverything(queries);
      queries.setQueryData(keys.session, session);
      tellOtherTabs();
      await queries.invalidateQueries({ predicate: ({ queryKey }) => !PUBLIC_QUERIES.has(queryKey[0]) });
    },
  });
}
