import { Skeleton } from "@mantine/core";
import { useState } from "react";
import type { RuleView } from "@/api/types";
import { mayActAs, useIdentity } from "@/shared/api/session";
import { humanise } from "@/shared/format/labels";
import { Panel } from "@/shared/ui/Panel";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { useChangeRule } from "./change-rule";
import { useRule } from "./list-rules";
import { useBackTests, useBackTestSources, useCancelBackTest, useOrderBackTest } from "./back-tests";
import { BackTestForm } from "./BackTestForm";
import { BackTestLine } from "./BackTestLine";
import { BackTestView } from "./BackTestView";
import classes from "./Lab.module.css";

/** Back-tests of a rule: its versions on telemetry of the past. For managers: others see nothing of it. */
export function LabPanel({ ruleId }: { ruleId: string }) {
  const mayOrder = mayActAs(useIdentity(), "manager");
  return mayOrder ? <Lab ruleId={ruleId} /> : null;
}

function Lab({ ruleId }: { ruleId: string }) {
  const rule = useRule(ruleId);
  const sources = useBackTestSources();
  const backTests = useBackTests(ruleId);
  const failed = [sources, backTests].find((each) => each.isError && each.data === undefined);
  const order = useOrderBackTest(ruleId);
  const cancel = useCancelBackTest(ruleId);
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <Panel title={`Back-tests of ${humanise(ruleId)}`}>
      <div className={classes["parts"]}>
        {failed !== undefined && (
          <ErrorState
            error={failed.error}
            onRetry={() => void failed.refetch()}
            retrying={failed.isFetching}
          />
        )}
        {rule.data !== undefined && sources.data !== undefined && (
          <BackTestForm
            rule={rule.data}
            sources={sources.data}
            isBusy={order.isPending}
            onOrder={(wanted) => order.mutate(wanted)}
          />
        )}
        <RefusedChange of={[order, cancel]} boxed />
        {backTests.isPending && <Skeleton height={60} />}
        {backTests.data?.length === 0 && (
          <EmptyState title="No back-test yet">
            It says which alerts a version would have gained, lost and kept.
          </EmptyState>
        )}
        {backTests.data !== undefined && backTests.data.length > 0 && (
          <ul className={classes["list"]} aria-label="Back-tests, newest first">
            {backTests.data.map((each) => (
              <BackTestLine
                key={each.back_test_id}
                backTest={each}
                isChosen={each.back_test_id === chosen}
                onChoose={() => setChosen(each.back_test_id)}
                onCancel={() => cancel.mutate(each.back_test_id)}
              />
            ))}
          </ul>
        )}
        {chosen !== null && rule.data !== undefined && (
          <Promotable key={chosen} backTestId={chosen} rule={rule.data} />
        )}
      </div>
    </Panel>
  );
}

/** What was found, and the version made live for a reason, if it is not. */
function Promotable({ backTestId, rule }: { backTestId: string; rule: RuleView }) {
  const change = useChangeRule(rule.rule.rule_id, rule.rule.revision);
  const [promoting, setPromoting] = useState<number | null>(null);
  const tried = useBackTests(rule.rule.rule_id).data?.find((each) => each.back_test_id === backTestId);
  const version = rule.versions.find((each) => each.version === tried?.version);
  const mayBeLive = version !== undefined && version.mode !== "live" && version.problem === null;
  return (
    <>
      <BackTestView backTestId={backTestId} onPromote={mayBeLive ? setPromoting : undefined} />
      <RefusedChange of={[change]} boxed />
      {promoting !== null && (
        <ReasonDialog
          title={`Make version ${promoting} live?`}
          note="The next alerts are by this version, also if the rule is off. Your reason is in the desk log."
          action="Make live"
          onReason={(reason) => change.mutate({ verb: "live", version: promoting, reason })}
          onClose={() => setPromoting(null)}
        />
      )}
    </>
  );
}
