import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { View } from "./list-views";

/** Lets only its owner see another person's view; for managers. */
export function useStopSharing() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ owner, name }: View) =>
      api.DELETE("/api/shared-views/{owner}/{name}", { params: { path: { owner, name } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.views }),
  });
}
