import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

export const deleteView = (name: string) => api.DELETE("/api/views/{name}", { params: { path: { name } } });

/** Deletes one of one's own views. */
export function useDeleteView() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: deleteView,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.views }),
  });
}
