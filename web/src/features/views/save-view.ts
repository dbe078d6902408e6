import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { type QueueQuery, toApiQuery } from "@/shared/queue/query";

interface ViewToSave {
  name: string;
  query: QueueQuery;
  /** Left out: as it was. */
  shared?: boolean;
}

export const saveView = ({ name, query, ...more }: ViewToSave) =>
  api.PUT("/api/views/{name}", { params: { path: { name } }, body: { query: toApiQuery(query), ...more } });

/** Saves a view, in place of one's view of the same name. */
export function useSaveView() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: saveView,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.views }),
  });
}
