import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { AssignmentRules } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** How cases are assigned, as it was when the page asked: a change is bound to that version. */
export const useAssignmentSetting = () =>
  useQuery(
    queryOptions({
      queryKey: keys.assignment,
      queryFn: async ({ signal }) => bodyOf(await api.GET("/api/assignment", { signal })),
      // What somebody types must not be replaced by what is read again; a conflict tells them.
      staleTime: Infinity,
      gcTime: 0,
    }),
  );

/** Replaces the setting of a version. */
export function useChangeAssignment() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (change: { version: number; rules: AssignmentRules }) =>
      bodyOf(await api.PUT("/api/assignment", { body: change })),
    onSuccess: (setting) => {
      queries.setQueryData(keys.assignment, setting);
      return queries.invalidateQueries({ queryKey: keys.deskLog });
    },
  });
}
