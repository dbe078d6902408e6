import { Button } from "@mantine/core";
import type { FraudCaseView, Hold } from "@/api/types";
import { useRequiredFields } from "@/shared/api/required-fields";
import { useActorName, useIdentity } from "@/shared/api/session";
import { ACTION } from "@/shared/format/labels";
import { formatDateTime } from "@/shared/format/time";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { type DecisionDraft, draftOf } from "./decision-draft";
import { useHoldLeft } from "./hold-left";
import { useWithdrawDecision } from "./withdraw-decision";
import classes from "./HeldDecision.module.css";

interface HeldDecisionProps {
  view: FraudCaseView;
  hold: Hold;
  /** It was taken back: what it said, as a draft for the same question. */
  onWithdrawn: (reviewId: string, draft: DecisionDraft) => void;
}

/**
 * An approval that has not taken effect, and the way back for whoever gave it.
 *
 * The server holds it: what this page does, or a tab that is closed, neither ends nor prolongs the time.
 */
export function HeldDecision({ view, hold, onWithdrawn }: HeldDecisionProps) {
  const nameOf = useActorName();
  const mine = useIdentity()?.subject === hold.decided_by;
  const left = useHoldLeft(hold);
  const withdraw = useWithdrawDecision(view.case_id);
  // What must be chosen was chosen, even where it is what would have been implied.
  const required = useRequiredFields(hold.action).includes("disposition");
  const action = ACTION[hold.action].toLowerCase();
  const over = left === 0;
  const send = () =>
    withdraw.mutate(undefined, {
      onSuccess: (said) => onWithdrawn(said.review_id, draftOf(said, required)),
    });
  return (
    <div className={classes["held"]}>
      {/* Said once when it comes and once when it is over: the seconds are not read out. */}
      <p className={classes["sentence"]} role="status">
        {mine ? "Your approval is recorded" : `${nameOf(hold.decided_by)} approved this case`}
        {over
          ? `: “${action}” is being carried out, and can no longer be taken back.`
          : `: “${action}” is not done yet. ${mine ? "You" : nameOf(hold.decided_by)} can still take it back.`}
      </p>
      {!over && <Countdown hold={hold} left={left} of={lengthOf(hold, view)} />}
      {mine && !over && (
        <Button variant="default" fullWidth onClick={send} loading={withdraw.isPending}>
          Take it back
        </Button>
      )}
      <RefusedChange of={[withdraw]} className={classes["error"]} />
    </div>
  );
}

/** How long it is held in all, in milliseconds. */
function lengthOf(hold: Hold, { decisions }: FraudCaseView): number {
  const decision = decisions.find(({ review_id }) => review_id === hold.review_id);
  return decision === undefined ? 0 : Date.parse(hold.held_until) - Date.parse(decision.decided_at);
}

function Countdown({ hold, left, of }: { hold: Hold; left: number; of: number }) {
  const seconds = Math.ceil(left / 1000);
  const share = of > 0 ? Math.min(1, left / of) : 0;
  return (
    <div className={classes["countdown"]}>
      <span className={classes["bar"]} aria-hidden="true">
        <span className={classes["rest"]} style={{ transform: `scaleX(${share})` }} />
      </span>
      <time
        role="timer"
        aria-live="off"
        dateTime={hold.held_until}
        title={`Takes effect ${formatDateTime(hold.held_until)}`}
        className={`tabular ${classes["seconds"] ?? ""}`}
      >
        {seconds} s
      </time>
    </div>
  );
}
