import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { toApiQuery } from "@/shared/queue/query";
import type { View } from "./list-views";

export const saveView = ({ name, query }: View) =>
  api.PUT("/api/views/{name}", { params: { path: { name } }, body: { query: toApiQuery(query) } });

/** Saves a view, in place of one's view of the same name. */
export function useSaveView() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: saveView,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.views }),
  });
}
