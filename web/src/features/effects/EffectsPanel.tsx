import type { FraudCaseView } from "@/api/types";
import { Panel } from "@/shared/ui/Panel";
import { Tag } from "@/shared/ui/Tag";
import { EffectCard } from "./EffectCard";

/** What was done in the customer's account, what the store answered, and what was reversed. */
export function EffectsPanel({ view }: { view: FraudCaseView }) {
  const { effects } = view;
  if (effects.length === 0) return null;
  const done = effects.filter(({ status }) => status === "done").length;
  const partly = done > 0 && effects.some(({ status }) => status === "failed" || status === "unknown");
  return (
    <Panel
      title="Effects"
      flush
      aside={
        partly && (
          <Tag tone="high">
            Done in part: {done} of {effects.length}
          </Tag>
        )
      }
    >
      {effects.map((effect) => (
        <EffectCard key={effect.key} effect={effect} view={view} />
      ))}
    </Panel>
  );
}
