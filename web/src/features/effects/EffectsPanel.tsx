import type { Effect } from "@/api/types";
import { ACTION, type Tone } from "@/shared/format/words";
import { DataView } from "@/shared/ui/DataView";
import { Panel } from "@/shared/ui/Panel";
import { Tag } from "@/shared/ui/Tag";
import classes from "./EffectsPanel.module.css";

const STATUS: Record<Effect["status"], { label: string; tone: Tone }> = {
  pending: { label: "Under way", tone: "accent" },
  done: { label: "Done", tone: "good" },
  failed: { label: "Failed", tone: "bad" },
  unknown: { label: "Not confirmed", tone: "high" },
};

/** What was done in the customer's account, and what the store answered. */
export function EffectsPanel({ effects }: { effects: readonly Effect[] }) {
  if (effects.length === 0) return null;
  return (
    <Panel title="Effects" flush>
      {effects.map((effect) => (
        <div key={effect.key} className={classes["effect"]}>
          <div className={classes["head"]}>
            <span className={classes["action"]}>{ACTION[effect.action]}</span>
            <Tag tone={STATUS[effect.status].tone} dot>
              {STATUS[effect.status].label}
            </Tag>
          </div>
          <code className={classes["key"]} title="Idempotency key: at most one effect bears it">
            {effect.key}
          </code>
          {effect.result !== null && (
            <details className={classes["result"]}>
              <summary>Answer of the customer store</summary>
              <DataView value={effect.result} />
            </details>
          )}
        </div>
      ))}
    </Panel>
  );
}
