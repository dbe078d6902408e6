import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { RuleDraft, RuleView } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";

/** What is done with a version, for a reason. */
export type VersionVerb = "shadow" | "live" | "roll-back";

export type RuleOrder =
  | { verb: VersionVerb; version: number; reason: string }
  | { verb: "shadow/end"; reason: string }
  | { verb: "switch"; is_on: boolean; reason: string }
  | ({ verb: "draft" } & Omit<RuleDraft, "revision">);

/** Changes a rule that is still as it was read. What the answer shows can be acted on at once: no list is waited for. */
export function useChangeRule(ruleId: string, revision: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (order: RuleOrder) => change(ruleId, revision, order),
    onSuccess: (rule) => {
      client.setQueryData(keys.rule(ruleId), rule);
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.detection });
      void client.invalidateQueries({ queryKey: keys.deskLog });
    },
  });
}

async function change(ruleId: string, revision: number, order: RuleOrder): Promise<RuleView> {
  const params = { path: { rule_id: ruleId } };
  const { reason } = order;
  switch (order.verb) {
    case "draft":
      return bodyOf(
        await api.POST("/api/detection/rules/{rule_id}/versions", {
          params,
          body: { revision, reason, based_on: order.based_on, content: order.content },
        }),
      );
    case "shadow/end":
      return bodyOf(
        await api.POST("/api/detection/rules/{rule_id}/shadow/end", { params, body: { revision, reason } }),
      );
    case "switch":
      return bodyOf(
        await api.POST("/api/detection/rules/{rule_id}/switch", {
          params,
          body: { revision, reason, is_on: order.is_on },
        }),
      );
    default: {
      const body = { revision, reason, version: order.version };
      if (order.verb === "shadow")
        return bodyOf(await api.POST("/api/detection/rules/{rule_id}/shadow", { params, body }));
      if (order.verb === "live")
        return bodyOf(await api.POST("/api/detection/rules/{rule_id}/live", { params, body }));
      return bodyOf(await api.POST("/api/detection/rules/{rule_id}/roll-back", { params, body }));
    }
  }
}
