import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { CommonCase, Identity } from "@/api/types";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { isSnoozed } from "@/shared/cases/snooze";
import { SnoozeIcon } from "@/shared/ui/icons";
import { Time } from "@/shared/ui/Time";
import { useNow } from "@/shared/use-now";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { useEndSnooze } from "./end-snooze";
import { useSnoozeCase } from "./snooze-case";
import classes from "./SnoozeBanner.module.css";
import { SnoozeDialog } from "./SnoozeDialog";

/** Until when a waiting case is left out of the queue, and how to change that. */
export function SnoozeBanner({ view }: { view: CommonCase }) {
  const identity = useIdentity();
  const nameOf = useActorName();
  const now = useNow();
  const [asking, { open, close }] = useDisclosure(false);
  const snooze = useSnoozeCase(view.case_id);
  const end = useEndSnooze(view.case_id);
  const { review } = view;
  if (review === null || identity === null) return null;
  const current = isSnoozed(view.snooze, now) ? view.snooze : null;
  const mayDecide = mayActAs(identity, review.required_role);
  const maySnooze = maySnoozeNow(view, identity, mayDecide, now);
  if (current === null && !maySnooze && !snooze.isError) return null;
  return (
    <div className={classes["banner"]} data-snoozed={current !== null}>
      <div className={classes["line"]}>
        {current !== null && (
          <>
            <SnoozeIcon size={16} />
            <span className={classes["text"]} role="status">
              <strong>
                Snoozed by {nameOf(current.snoozed_by)} until <Time at={current.until} format="day" />
              </strong>
              {current.until_activity && ", or until somebody else adds a note or a file"}. It is not handed
              out meanwhile.
            </span>
          </>
        )}
        {maySnooze && (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={current === null ? <SnoozeIcon size={14} /> : undefined}
            onClick={open}
            loading={snooze.isPending}
          >
            {current === null ? "Snooze…" : "Change…"}
          </Button>
        )}
        {current !== null && (mayDecide || current.snoozed_by === identity.subject) && (
          <Button size="compact-sm" variant="default" onClick={() => end.mutate()} loading={end.isPending}>
            End snooze
          </Button>
        )}
      </div>
      <RefusedChange of={[snooze, end]} className={classes["error"]} />
      {asking && <SnoozeDialog review={review} onSnooze={snooze.mutate} onClose={close} />}
    </div>
  );
}

/** The assignee may; while there is none, those who may decide. A deadline that has passed leaves no time. */
function maySnoozeNow(view: CommonCase, identity: Identity, mayDecide: boolean, now: number): boolean {
  const { claim, review } = view;
  if (review === null || Date.parse(review.due_at) <= now) return false;
  const assignee = claim !== null && Date.parse(claim.expires_at) > now ? claim.assignee : null;
  return assignee === null ? mayDecide : assignee === identity.subject;
}
