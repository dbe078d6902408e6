import { Button } from "@mantine/core";
import type { RuleVersion, RuleView } from "@/api/types";
import { useActorName } from "@/shared/api/session";
import { humanise } from "@/shared/format/labels";
import { formatNumber } from "@/shared/format/numbers";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import type { VersionVerb } from "./change-rule";
import type { Asked } from "./RulePanel";
import classes from "./Rules.module.css";
import { MODES, written } from "./words";

interface RuleHistoryProps {
  rule: RuleView;
  mayChange: boolean;
  isBusy: boolean;
  onAsk: (asked: Asked) => void;
}

/** All versions, the newest first: who made each, why, what it changed, and what it found. */
export function RuleHistory({ rule, mayChange, isBusy, onAsk }: RuleHistoryProps) {
  return (
    <section className={classes["history"]} aria-label="History">
      <h3 className={classes["heading"]}>Versions</h3>
      <ol className={classes["list"]} aria-label="Versions, newest first">
        {rule.versions.map((version) => (
          <li key={version.version} className={classes["line"]}>
            <VersionText version={version} rule={rule} />
            {mayChange && (
              <div className={classes["buttons"]}>
                {verbsOf(version).map((verb) => (
                  <Button
                    key={verb}
                    size="compact-xs"
                    variant="default"
                    disabled={isBusy}
                    aria-label={`${VERBS[verb].button} version ${version.version}`}
                    onClick={() => onAsk(asking(verb, version.version))}
                  >
                    {VERBS[verb].button}…
                  </Button>
                ))}
              </div>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function VersionText({ version, rule }: { version: RuleVersion; rule: RuleView }) {
  const nameOf = useActorName();
  const mode = MODES[version.mode];
  return (
    <div className={classes["what"]}>
      <div className={classes["tags"]}>
        <strong>Version {version.version}</strong>
        <Tag tone={mode.tone}>{mode.text}</Tag>
        <span className={classes["note"]}>
          {version.created_by === null ? "The release" : nameOf(version.created_by)}
          {version.created_at !== null && (
            <>
              , <Time at={version.created_at} format="day" />
            </>
          )}
        </span>
      </div>
      <p className={classes["text"]}>{version.reason}</p>
      {version.problem !== null && <p className={classes["text"]}>{version.problem}</p>}
      {version.changes.length > 0 && (
        <dl className={classes["changes"]}>
          {version.changes.map(({ name, before, after }) => (
            <div key={name}>
              <dt>{humanise(name)}</dt>
              <dd>
                {written(before)} <span aria-hidden="true">→</span>
                <span className={classes["unseen"]}> became </span> {written(after)}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <span className={classes["note"]}>{foundBy(rule, version.version)}</span>
    </div>
  );
}

function foundBy(rule: RuleView, version: number): string {
  const sums = { raised: 0, shadow: 0, snoozed: 0, failed: 0 };
  for (const each of rule.counts) if (each.version === version) sums[each.fate] += each.count;
  const parts = [
    sums.raised > 0 && `${formatNumber(sums.raised)} alerted`,
    sums.shadow > 0 && `${formatNumber(sums.shadow)} counted in shadow`,
    sums.snoozed > 0 && `${formatNumber(sums.snoozed)} snoozed`,
    sums.failed > 0 && `failed at ${formatNumber(sums.failed)} events`,
  ].filter((part) => part !== false);
  return parts.length > 0 ? `${parts.join(", ")} in 30 days` : "Nothing found in 30 days";
}

const VERBS: Record<VersionVerb, { button: string; note: string }> = {
  shadow: {
    button: "Put into shadow",
    note: "What it would raise on live telemetry is counted, and nobody is alerted. Another in shadow ends.",
  },
  live: { button: "Make live", note: "The next alerts are by this version, also if the rule is off." },
  "roll-back": {
    button: "Go back to",
    note: "A new version gets its values and is live at once.",
  },
};

function verbsOf({ mode, problem }: RuleVersion): readonly VersionVerb[] {
  if (problem !== null) return [];
  if (mode === "draft") return ["shadow", "live"];
  if (mode === "shadow") return ["live"];
  return mode === "retired" ? ["shadow", "roll-back"] : [];
}

const asking = (verb: VersionVerb, version: number): Asked => ({
  title: `${VERBS[verb].button} version ${version}?`,
  note: VERBS[verb].note,
  action: VERBS[verb].button,
  order: (reason) => ({ verb, version, reason }),
});
