import { Button } from "@mantine/core";
import type { TelemetryDeadLetter } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { Tag } from "@/shared/ui/Tag";
import { Time } from "@/shared/ui/Time";
import classes from "./DeadLetters.module.css";
import { KINDS, mayBeTried, placeOf, STATES } from "./words";

interface DeadLetterLineProps {
  letter: TelemetryDeadLetter;
  isBusy: boolean;
  onRetry: () => void;
  onDrop: () => void;
}

/** One piece of telemetry that was not evaluated: where it was, why, what it was, and its result. */
export function DeadLetterLine({ letter, isBusy, onRetry, onDrop }: DeadLetterLineProps) {
  const place = placeOf(letter);
  const state = STATES[letter.state];
  return (
    <li className={classes["line"]}>
      <div className={classes["what"]}>
        <strong>{KINDS[letter.kind]}</strong> · {place} <Tag tone={state.tone}>{state.text}</Tag>
        <p className={classes["reason"]}>{letter.reason}</p>
        {letter.result !== null && <p className={classes["reason"]}>{letter.result}</p>}
        <details>
          <summary className={classes["note"]}>
            <Time at={letter.received_at} format="day" /> · {formatNumber(letter.size)}{" "}
            {letter.size === 1 ? "byte" : "bytes"}
            {!letter.is_whole && ", of which the beginning is kept: it cannot be tried again"}
          </summary>
          <pre className={classes["body"]} tabIndex={0}>
            {letter.body}
          </pre>
        </details>
      </div>
      <div className={classes["buttons"]}>
        {mayBeTried(letter) && (
          <Button
            size="compact-xs"
            variant="default"
            disabled={isBusy}
            onClick={onRetry}
            aria-label={`Try again: ${place}`}
          >
            Try again
          </Button>
        )}
        <Button
          size="compact-xs"
          variant="subtle"
          color="red"
          disabled={isBusy}
          onClick={onDrop}
          aria-label={`Drop ${place}`}
        >
          Drop…
        </Button>
      </div>
    </li>
  );
}
