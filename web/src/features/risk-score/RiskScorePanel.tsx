import { Skeleton } from "@mantine/core";
import type { RiskScore, ShareFound } from "@/api/types";
import type { Tone } from "@/shared/format/labels";
import { formatNumber } from "@/shared/format/numbers";
import { Panel } from "@/shared/ui/Panel";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import { DriftTable } from "./DriftTable";
import { ModelList } from "./ModelList";
import classes from "./RiskScore.module.css";
import { useRiskScore } from "./risk-score";

/** How the learned score is doing: which model scores, whether it is better than the rules, and what has drifted. */
export function RiskScorePanel() {
  const score = useRiskScore();
  return (
    <Panel title="The learned score's model" aside={score.data && <State score={score.data} />}>
      {score.isPending && <Skeleton height={160} />}
      {score.isError && score.data === undefined && (
        <ErrorState error={score.error} onRetry={() => void score.refetch()} retrying={score.isFetching} />
      )}
      {score.data !== undefined && (
        <div className={classes["parts"]}>
          <p className={classes["text"]}>{score.data.sentence}</p>
          <p className={classes["note"]}>{learned(score.data)}</p>
          {score.data.shadow !== null && (
            <dl className={classes["shares"]} aria-label="Comparison with the rules">
              <Share name="Alerts of the rules" share={score.data.shadow.rules} />
              <Share name="As many highest scores" share={score.data.shadow.score} />
            </dl>
          )}
          <DriftTable drift={score.data.drift} />
          <ModelList score={score.data} />
          <PartitionList score={score.data} />
        </div>
      )}
    </Panel>
  );
}

function State({ score }: { score: RiskScore }) {
  const [tone, text]: [Tone, string] =
    score.current === null
      ? ["neutral", "No model yet"]
      : score.may_alert
        ? ["good", `Model ${score.current} may alert`]
        : ["accent", `Model ${score.current} in shadow`];
  return (
    <Tag tone={tone} dot>
      {text}
    </Tag>
  );
}

const learned = ({ learned_frauds, learned_others, next }: RiskScore): string =>
  `${formatNumber(learned_frauds)} confirmed frauds and ${formatNumber(learned_others)} other charges are learned.` +
  (next === null ? "" : ` Model ${next} takes over within ten minutes.`);

const percent = (share: number): string => `${formatNumber(Math.round(share * 100))} %`;

function Share({ name, share }: { name: string; share: ShareFound }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {share.of === 0
          ? "none labelled yet"
          : `${formatNumber(Math.round(share.frauds))} of ${formatNumber(share.of)} were fraud: ${percent(
              share.frauds / share.of,
            )} (95 %: ${percent(share.low)} to ${percent(share.high)})`}
      </dd>
    </div>
  );
}

function PartitionList({ score: { partitions } }: { score: RiskScore }) {
  return (
    <section>
      <h3 className={classes["heading"]}>Partitions that teach</h3>
      {partitions.length === 0 ? (
        <EmptyState title="No partition has scored yet">
          Charges that come from an event hub are learned from; those of streams and recordings are only
          scored.
        </EmptyState>
      ) : (
        <ul className={classes["list"]} aria-label="Partitions that teach">
          {partitions.map((each) => (
            <li key={`${each.source} ${each.partition}`} className={classes["line"]}>
              <div className={classes["what"]}>
                <strong>
                  {each.source}, partition {each.partition}
                </strong>
                <p className={classes["note"]}>
                  {each.model === 0 ? "No model" : `Model ${each.model}`} · {formatNumber(each.waiting)}{" "}
                  charges wait for what they turn out to be
                  {each.dropped > 0 && ` · ${formatNumber(each.dropped)} never became a label`} · saved{" "}
                  <Time at={each.saved_at} />
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
