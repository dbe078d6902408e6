import { Button } from "@mantine/core";
import { useState } from "react";
import type { ModelView, RiskScore } from "@/api/types";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { formatNumber } from "@/shared/format/numbers";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import classes from "./RiskScore.module.css";
import { useRollBackModel } from "./risk-score";

/** All versions of the model, the newest first; managers go back to one for a reason. */
export function ModelList({ score }: { score: RiskScore }) {
  const mayChange = mayActAs(useIdentity(), "manager");
  const rollBack = useRollBackModel();
  const [chosen, setChosen] = useState<number | null>(null);
  const newest = score.models[0]?.origin.number;
  if (newest === undefined) return null;
  return (
    <section>
      <h3 className={classes["heading"]}>Models</h3>
      <ol className={classes["list"]} aria-label="Models, newest first">
        {score.models.map((model) => (
          <ModelLine
            key={model.origin.number}
            model={model}
            score={score}
            mayChange={mayChange && model.origin.number !== newest && model.problem === null}
            isBusy={rollBack.isPending}
            onChoose={() => {
              setChosen(model.origin.number);
            }}
          />
        ))}
      </ol>
      <RefusedChange of={[rollBack]} boxed />
      {chosen !== null && (
        <ReasonDialog
          title={`Go back to model ${chosen}?`}
          note="It scores within ten minutes, under a new number, in a shadow period of its own: the score alerts nobody until it has proved better than the rules again."
          action="Go back"
          onReason={(reason) => {
            rollBack.mutate({ number: chosen, current: newest, reason });
          }}
          onClose={() => {
            setChosen(null);
          }}
        />
      )}
    </section>
  );
}

interface ModelLineProps {
  model: ModelView;
  score: RiskScore;
  mayChange: boolean;
  isBusy: boolean;
  onChoose: () => void;
}

function ModelLine({ model: { origin, problem }, score, mayChange, isBusy, onChoose }: ModelLineProps) {
  const nameOf = useActorName();
  const { number } = origin;
  return (
    <li className={classes["line"]}>
      <div className={classes["what"]}>
        <div className={classes["tags"]}>
          <strong>Model {number}</strong>
          {number === score.current && <Tag tone="good">Scores</Tag>}
          {number === score.next && <Tag tone="accent">Next</Tag>}
          {origin.may_alert ? <Tag>May alert</Tag> : <Tag>In shadow</Tag>}
          <span className={classes["note"]}>
            {origin.made_by === null ? "Learned" : nameOf(origin.made_by)}, <Time at={origin.made_at} />
          </span>
        </div>
        {origin.rolled_back_to !== null && (
          <p className={classes["text"]}>Went back to model {origin.rolled_back_to}.</p>
        )}
        <p className={classes["text"]}>{origin.reason}</p>
        {problem !== null && <p className={classes["text"]}>{problem}</p>}
        <span className={classes["note"]}>
          {formatNumber(origin.frauds)} frauds, {formatNumber(origin.others)} others learned
        </span>
      </div>
      {mayChange && (
        <Button
          size="compact-xs"
          variant="default"
          disabled={isBusy}
          aria-label={`Go back to model ${number}`}
          onClick={onChoose}
        >
          Go back…
        </Button>
      )}
    </li>
  );
}
