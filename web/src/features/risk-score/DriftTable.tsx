import type { FeatureDrift } from "@/api/types";
import type { Tone } from "@/shared/format/labels";
import { formatScore } from "@/shared/format/numbers";
import { Tag } from "@/shared/ui/Tag";
import classes from "./RiskScore.module.css";

const LEVELS: Record<FeatureDrift["level"], { text: string; tone: Tone }> = {
  stable: { text: "Stable", tone: "good" },
  moved: { text: "Moved", tone: "warn" },
  shifted: { text: "Shifted", tone: "bad" },
};

/** How far each feature has moved from the charges that the model was first used on, what moved most first. */
export function DriftTable({ drift }: { drift: readonly FeatureDrift[] | null }) {
  return (
    <section>
      <h3 className={classes["heading"]}>Drift</h3>
      {drift === null ? (
        <p className={classes["note"]}>
          Not known before two windows of 20,000 charges of a partition have been scored.
        </p>
      ) : (
        <table className={classes["table"]}>
          <caption className={classes["note"]}>
            Population stability index against the first window; above 0.25 the model should be learned anew
          </caption>
          <thead>
            <tr>
              <th scope="col">Feature</th>
              <th scope="col" className={classes["number"]}>
                Index
              </th>
              <th scope="col">Level</th>
            </tr>
          </thead>
          <tbody>
            {drift.map(({ name, says, psi, level }) => (
              <tr key={name}>
                <th scope="row">{says}</th>
                <td className={classes["number"]}>{formatScore(psi)}</td>
                <td>
                  <Tag tone={LEVELS[level].tone}>{LEVELS[level].text}</Tag>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
