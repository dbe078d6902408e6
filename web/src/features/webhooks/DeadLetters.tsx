import { Button, Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import type { DeadLetter, Subscription } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { Dialog } from "@/shared/ui/Dialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { useDeadLetters, useDropDeadLetter, useResend } from "./dead-letters";
import classes from "./Webhooks.module.css";

interface DeadLettersProps {
  subscription: Subscription;
  onClose: () => void;
}

/** What was given up for a webhook: to be sent again, or dropped. */
export function DeadLetters({ subscription, onClose }: DeadLettersProps) {
  const resend = useResend(subscription);
  const drop = useDropDeadLetter(subscription);
  const isBusy = resend.isPending || drop.isPending;
  return (
    <Dialog
      opened
      onClose={onClose}
      title={<strong>Events that were given up</strong>}
      size={640}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Letters
        subscription={subscription}
        renderButtons={({ number }) => (
          <>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Send event ${number} again`}
              disabled={isBusy}
              onClick={() => resend.mutate([number])}
            >
              Send again
            </Button>
            <Button
              size="compact-xs"
              variant="subtle"
              color="red"
              aria-label={`Drop event ${number}`}
              disabled={isBusy}
              onClick={() => drop.mutate(number)}
            >
              Drop
            </Button>
          </>
        )}
      />
      <RefusedChange of={[resend, drop]} boxed />
      <div className={classes["buttons"]}>
        <Button variant="default" onClick={onClose} data-autofocus>
          Close
        </Button>
        <Button
          disabled={isBusy || subscription.progress.dead_letters === 0}
          onClick={() => resend.mutate(null)}
        >
          Send all again
        </Button>
      </div>
    </Dialog>
  );
}

interface LettersProps {
  subscription: Subscription;
  renderButtons: (letter: DeadLetter) => ReactNode;
}

function Letters({ subscription, renderButtons }: LettersProps) {
  const letters = useDeadLetters(subscription);
  if (letters.isPending) return <Skeleton height={80} />;
  if (letters.data === undefined) {
    return (
      <ErrorState
        error={letters.error}
        onRetry={() => void letters.refetch()}
        retrying={letters.isFetching}
      />
    );
  }
  if (letters.data.length === 0) return <EmptyState title="Nothing is given up any more" />;
  return (
    <>
      <ul className={classes["list"]} aria-label="Events that were given up, oldest first">
        {letters.data.map((letter) => (
          <li key={letter.number} className={classes["line"]}>
            <div>
              <strong>
                {formatNumber(letter.number)} · {letter.type.replace("casewright.", "")}
              </strong>{" "}
              <span className={classes["note"]}>{letter.subject}</span>
              <p className={classes["fault"]}>{letter.fault}</p>
              <span className={classes["note"]}>
                Given up <Time at={letter.given_up_at} format="day" /> after{" "}
                {letter.attempts === 1 ? "1 attempt" : `${formatNumber(letter.attempts)} attempts`}
              </span>
            </div>
            <div className={classes["lineButtons"]}>{renderButtons(letter)}</div>
          </li>
        ))}
      </ul>
      {letters.hasNextPage && (
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => void letters.fetchNextPage()}
          loading={letters.isFetchingNextPage}
        >
          Show more
        </Button>
      )}
    </>
  );
}
