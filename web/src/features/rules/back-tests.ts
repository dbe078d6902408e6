import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { BackTestOrder, BackTestSummary } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const WHILE_RUNNING_MS = 1_500;
const EVERY_MS = 30_000;

export const isUnfinished = ({ state }: Pick<BackTestSummary, "state">): boolean =>
  state === "queued" || state === "running";

/** What rules can be tried on. */
export const useBackTestSources = () =>
  useQuery(
    queryOptions({
      queryKey: keys.backTestSources,
      queryFn: async ({ signal }) => bodyOf(await api.GET("/api/detection/back-tests/sources", { signal })),
    }),
  );

/** Back-tests of a rule; read again often while one waits or runs, and rarely otherwise. */
export const useBackTests = (ruleId: string) =>
  useQuery(
    queryOptions({
      queryKey: keys.backTestList(ruleId),
      queryFn: async ({ signal }) =>
        bodyOf(
          await api.GET("/api/detection/rules/{rule_id}/back-tests", {
            params: { path: { rule_id: ruleId } },
            signal,
          }),
        ).items,
      refetchInterval: ({ state }) => (state.data?.some(isUnfinished) ? WHILE_RUNNING_MS : EVERY_MS),
    }),
  );

/** One back-test that has ended, with what it found; that never changes. */
export const useBackTest = (backTestId: string) =>
  useQuery(
    queryOptions({
      queryKey: keys.backTest(backTestId),
      queryFn: async ({ signal }) =>
        bodyOf(
          await api.GET("/api/detection/back-tests/{back_test_id}", {
            params: { path: { back_test_id: backTestId } },
            signal,
          }),
        ),
      staleTime: Infinity,
    }),
  );

/** How often the versions of a rule were right, and what they found day by day. */
export const useRulePrecision = (ruleId: string) =>
  useQuery(
    queryOptions({
      queryKey: keys.rulePrecision(ruleId),
      queryFn: async ({ signal }) =>
        bodyOf(
          await api.GET("/api/detection/rules/{rule_id}/precision", {
            params: { path: { rule_id: ruleId } },
            signal,
          }),
        ),
      refetchInterval: EVERY_MS,
    }),
  );

/** Has a version tried on telemetry of the past. */
export function useOrderBackTest(ruleId: string) {
  const refresh = useRefresh(ruleId);
  return useMutation({
    mutationFn: async (order: BackTestOrder) =>
      bodyOf(
        await api.POST("/api/detection/rules/{rule_id}/back-tests", {
          params: { path: { rule_id: ruleId } },
          body: order,
        }),
      ),
    onSettled: refresh,
  });
}

/** Ends a back-test. */
export function useCancelBackTest(ruleId: string) {
  const refresh = useRefresh(ruleId);
  return useMutation({
    mutationFn: async (backTestId: string) =>
      bodyOf(
        await api.POST("/api/detection/back-tests/{back_test_id}/cancel", {
          params: { path: { back_test_id: backTestId } },
        }),
      ),
    onSettled: refresh,
  });
}

function useRefresh(ruleId: string): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: keys.backTestList(ruleId) }),
      client.invalidateQueries({ queryKey: keys.deskLog }),
    ]);
  };
}
