import { Button, Checkbox, Radio, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { ReviewRequest } from "@/api/types";
import { latestEnd } from "@/shared/cases/snooze";
import { Dialog } from "@/shared/ui/Dialog";
import { Time } from "@/shared/ui/Time";
import type { SnoozeOrder } from "./snooze-case";
import { snoozeTimes, toLocalField } from "@/shared/cases/snooze-times";
import classes from "./SnoozeDialog.module.css";

const LONGEST_REASON = 1_000;
const NEAR = "near";
const OTHER = "other";

interface SnoozeDialogProps {
  review: ReviewRequest;
  onSnooze: (order: SnoozeOrder) => void;
  onClose: () => void;
}

/** Asks until when a case is left out of the queue; only times before its deadline is near are offered. */
export function SnoozeDialog({ review, onSnooze, onClose }: SnoozeDialogProps) {
  const [now] = useState(Date.now);
  const latest = latestEnd(review, now);
  const times = snoozeTimes(now, latest);
  const [choice, setChoice] = useState(times[0]?.value ?? NEAR);
  const [other, setOther] = useState(() => toLocalField(latest));
  const [untilActivity, setUntilActivity] = useState(true);
  const [reason, setReason] = useState("");
  const chosen = choice === OTHER ? Date.parse(other) : times.find(({ value }) => value === choice)?.at;
  const impossible = choice === OTHER && !(Date.parse(other) > now && Date.parse(other) <= latest);
  const submit = () => {
    const words = reason.trim();
    onSnooze({
      until_activity: untilActivity,
      ...(chosen !== undefined && { until: new Date(chosen).toISOString() }),
      ...(words !== "" && { reason: words }),
    });
    onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>Snooze this case?</strong>}
      size={440}
      closeButtonProps={{ "aria-label": "Cancel" }}
    >
      <form
        className={classes["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (!impossible) submit();
        }}
      >
        <Radio.Group aria-label="Until when" value={choice} onChange={setChoice}>
          <div className={classes["times"]}>
            {times.map(({ value, label }) => (
              <Radio key={value} size="xs" value={value} label={label} />
            ))}
            <Radio
              size="xs"
              value={NEAR}
              label={
                <>
                  Until its deadline is near: <Time at={new Date(latest).toISOString()} format="day" />
                </>
              }
            />
            <Radio size="xs" value={OTHER} label="Until another time" />
          </div>
        </Radio.Group>
        {choice === OTHER && (
          <TextInput
            type="datetime-local"
            size="xs"
            aria-label="Until"
            value={other}
            max={toLocalField(latest)}
            onChange={(event) => setOther(event.currentTarget.value)}
            error={impossible && "Choose a time between now and its deadline, or the reminder before it."}
          />
        )}
        <Checkbox
          size="xs"
          label="Or until somebody else adds a note or a file"
          checked={untilActivity}
          onChange={(event) => setUntilActivity(event.currentTarget.checked)}
        />
        <Textarea
          size="xs"
          aria-label="Reason"
          placeholder="Reason (optional)"
          minRows={1}
          maxRows={4}
          maxLength={LONGEST_REASON}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <p className={classes["note"]}>
          Nobody works on it meanwhile. New evidence, an escalation and a claim end the snooze at once.
        </p>
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={impossible}>
            Snooze
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
