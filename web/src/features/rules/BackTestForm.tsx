import { Button, NativeSelect, NumberInput } from "@mantine/core";
import { useState } from "react";
import type { BackTestOrder, BackTestSources, RuleView } from "@/api/types";
import { formatBytes } from "@/shared/format/numbers";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import classes from "./Lab.module.css";
import { daysOf } from "./back-test-words";

const LIVE = "live";
const MOST_DAYS = 90;

interface BackTestFormProps {
  rule: RuleView;
  sources: BackTestSources;
  isBusy: boolean;
  onOrder: (order: BackTestOrder) => void;
}

/** Which version is tried, and on what. */
export function BackTestForm({ rule, sources, isBusy, onOrder }: BackTestFormProps) {
  const versions = rule.versions.filter(({ problem }) => problem === null);
  const newest = versions.find(({ mode }) => mode === "draft" || mode === "shadow") ?? versions[0];
  const [version, setVersion] = useState<number | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [days, setDays] = useState<number | "">(7);
  const [isAsking, setAsking] = useState(false);
  const offered = [
    ...sources.recordings.map(({ recording, size, has_labels }) => ({
      value: `recording ${recording}`,
      label: `${recording} (${formatBytes(size)}${has_labels ? ", with labels" : ""})`,
    })),
    ...(sources.live === null ? [] : [{ value: LIVE, label: `The last days of ${sources.live}` }]),
  ];
  const of = chosen ?? offered[0]?.value ?? "";
  const tried = version ?? newest?.version;
  const isWhole = typeof days === "number" && Number.isInteger(days) && days >= 1 && days <= MOST_DAYS;
  const mayTry = tried !== undefined && of !== "" && (of !== LIVE || isWhole);
  const order = (reason: string) => {
    if (tried === undefined) return;
    const source =
      of === LIVE
        ? ({ kind: "live", days: Number(days) } as const)
        : ({ kind: "recording", recording: of.slice("recording ".length) } as const);
    onOrder({ version: tried, source, reason });
  };
  return (
    <>
      <form
        className={classes["row"]}
        aria-label="New back-test"
        onSubmit={(event) => {
          event.preventDefault();
          if (mayTry) setAsking(true);
        }}
      >
        <NativeSelect
          size="xs"
          label="Version"
          value={String(tried ?? "")}
          data={versions.map((each) => ({
            value: String(each.version),
            label: `Version ${each.version} (${each.mode})`,
          }))}
          onChange={(event) => setVersion(Number(event.currentTarget.value))}
        />
        <NativeSelect
          size="xs"
          label="Telemetry"
          className={classes["grow"]}
          value={of}
          data={offered.length > 0 ? offered : [{ value: "", label: "Nothing is offered" }]}
          onChange={(event) => setChosen(event.currentTarget.value)}
        />
        {of === LIVE && (
          <NumberInput
            size="xs"
            label="Days"
            value={days}
            allowDecimal={false}
            clampBehavior="none"
            hideControls
            error={!isWhole && `1 to ${MOST_DAYS}.`}
            onChange={(next) => setDays(next === "" ? "" : Number(next))}
          />
        )}
        <Button type="submit" size="xs" variant="default" loading={isBusy} disabled={!mayTry}>
          Back-test…
        </Button>
      </form>
      {sources.live_problem !== null && <p className={classes["note"]}>{sources.live_problem}</p>}
      {/* Not in the form, to which its own would bubble. */}
      {isAsking && (
        <ReasonDialog
          title={`Back-test version ${tried ?? ""} on ${of === LIVE ? daysOf(Number(days)) : of.slice("recording ".length)}?`}
          note={`It is compared with version ${rule.rule.live_version}. Nobody is alerted. Your reason is in the desk log.`}
          action="Back-test"
          onReason={order}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
