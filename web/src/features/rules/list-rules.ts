import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

const EVERY_MS = 10_000;

/** All rules with what they found; read again while somebody looks. */
export const useRuleList = () =>
  useQuery(
    queryOptions({
      queryKey: keys.ruleList,
      queryFn: async ({ signal }) => bodyOf(await api.GET("/api/detection/rules", { signal })).items,
      refetchInterval: EVERY_MS,
    }),
  );

/** One rule with its parameters, versions and counts. */
export const useRule = (ruleId: string) =>
  useQuery(
    queryOptions({
      queryKey: keys.rule(ruleId),
      queryFn: async ({ signal }) =>
        bodyOf(
          await api.GET("/api/detection/rules/{rule_id}", { params: { path: { rule_id: ruleId } }, signal }),
        ),
      refetchInterval: EVERY_MS,
    }),
  );

/** Snoozes of alerts that have not ended. */
export const useAlertSnoozes = () =>
  useQuery(
    queryOptions({
      queryKey: keys.alertSnoozes,
      queryFn: async ({ signal }) => bodyOf(await api.GET("/api/detection/snoozes", { signal })).items,
    }),
  );

/** Addresses and customers that never count. */
export const useSuppressions = () =>
  useQuery(
    queryOptions({
      queryKey: keys.suppressions,
      queryFn: async ({ signal }) => bodyOf(await api.GET("/api/detection/suppressions", { signal })).items,
    }),
  );
