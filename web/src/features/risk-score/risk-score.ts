import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ModelRollBack } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const EVERY_MS = 30_000;

/** The learned risk score: its models, the comparison with the rules, drift; read again while somebody looks. */
export const useRiskScore = () =>
  useQuery(
    queryOptions({
      queryKey: keys.riskScore,
      queryFn: async ({ signal }) => bodyOf(await api.GET("/api/detection/score", { signal })),
      refetchInterval: EVERY_MS,
    }),
  );

/** Scores with an earlier model again, in shadow at first. */
export function useRollBackModel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (order: ModelRollBack) =>
      bodyOf(await api.POST("/api/detection/score/roll-back", { body: order })),
    onSuccess: (score) => {
      client.setQueryData(keys.riskScore, score);
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.detection });
      void client.invalidateQueries({ queryKey: keys.deskLog });
    },
  });
}
