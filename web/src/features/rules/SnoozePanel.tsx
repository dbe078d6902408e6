import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { AlertSnooze } from "@/api/types";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { humanise } from "@/shared/format/labels";
import { Panel } from "@/shared/ui/Panel";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { useEndAlertSnooze, useSnoozeAlerts } from "./change-unreported";
import { useAlertSnoozes } from "./list-rules";
import classes from "./Rules.module.css";

const DAY = 24 * 3_600_000;
const DAYS = [1, 7, 30, 90];

/** Customers about whom a rule alerts nobody for a while. */
export function SnoozePanel({ ruleId }: { ruleId: string }) {
  const mayChange = mayActAs(useIdentity(), "manager");
  const snoozes = useAlertSnoozes();
  const snooze = useSnoozeAlerts();
  const end = useEndAlertSnooze();
  const [ending, setEnding] = useState<AlertSnooze | null>(null);
  const own = snoozes.data?.filter(({ rule_id }) => rule_id === ruleId);
  return (
    <Panel title={`Snoozed alerts of ${humanise(ruleId)}`}>
      {snoozes.isError && own === undefined && (
        <ErrorState
          error={snoozes.error}
          onRetry={() => void snoozes.refetch()}
          retrying={snoozes.isFetching}
        />
      )}
      {own?.length === 0 && (
        <EmptyState title="No customer is snoozed">
          Every alert of this rule opens or joins a case.
        </EmptyState>
      )}
      {own !== undefined && own.length > 0 && (
        <ul className={classes["list"]} aria-label="Snoozes, the one that ends next first">
          {own.map((each) => (
            <SnoozeLine
              key={each.customer_id}
              snooze={each}
              mayEnd={mayChange && !end.isPending}
              onEnd={() => setEnding(each)}
            />
          ))}
        </ul>
      )}
      {mayChange && (
        <SnoozeForm
          isBusy={snooze.isPending}
          onSnooze={(customer_id, days, reason) =>
            snooze.mutate({
              rule_id: ruleId,
              customer_id,
              until: new Date(Date.now() + days * DAY - 60_000).toISOString(),
              reason,
            })
          }
        />
      )}
      <RefusedChange of={[snooze, end]} boxed />
      {ending !== null && (
        <ReasonDialog
          title={`Alert about customer ${ending.customer_id} again?`}
          note="Your reason is in the desk log."
          action="Alert again"
          onReason={(reason) => end.mutate({ rule_id: ruleId, customer_id: ending.customer_id, reason })}
          onClose={() => setEnding(null)}
        />
      )}
    </Panel>
  );
}

interface SnoozeLineProps {
  snooze: AlertSnooze;
  mayEnd: boolean;
  onEnd: () => void;
}

function SnoozeLine({ snooze: { customer_id, until, snoozed_by, reason }, mayEnd, onEnd }: SnoozeLineProps) {
  const nameOf = useActorName();
  return (
    <li className={classes["line"]}>
      <div className={classes["what"]}>
        <strong>Customer {customer_id}</strong> until <Time at={until} format="day" />
        <p className={classes["text"]}>{reason}</p>
        <span className={classes["note"]}>{nameOf(snoozed_by)}</span>
      </div>
      {mayEnd && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`Alert about customer ${customer_id} again`}
          onClick={onEnd}
        >
          Alert again…
        </Button>
      )}
    </li>
  );
}

interface SnoozeFormProps {
  isBusy: boolean;
  onSnooze: (customerId: number, days: number, reason: string) => void;
}

function SnoozeForm({ isBusy, onSnooze }: SnoozeFormProps) {
  const [customer, setCustomer] = useState("");
  const [days, setDays] = useState(7);
  const [isAsking, setAsking] = useState(false);
  const isNumber = /^[1-9]\d{0,14}$/.test(customer.trim());
  return (
    <>
      <form
        className={classes["row"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (isNumber) setAsking(true);
        }}
      >
        <TextInput
          size="xs"
          label="Customer"
          inputMode="numeric"
          value={customer}
          onChange={(event) => setCustomer(event.currentTarget.value)}
          error={customer !== "" && !isNumber && "The number of a customer."}
        />
        <NativeSelect
          size="xs"
          label="For"
          value={String(days)}
          data={DAYS.map((each) => ({ value: String(each), label: each === 1 ? "1 day" : `${each} days` }))}
          onChange={(event) => setDays(Number(event.currentTarget.value))}
        />
        <Button type="submit" size="xs" variant="default" loading={isBusy} disabled={!isNumber}>
          Snooze…
        </Button>
      </form>
      {/* Not in the form, to which its own would bubble. */}
      {isAsking && (
        <ReasonDialog
          title={`Snooze alerts about customer ${customer.trim()}?`}
          note="What the rule finds is counted, and nobody is alerted. Your reason is in the desk log."
          action="Snooze"
          onReason={(reason) => {
            onSnooze(Number(customer.trim()), days, reason);
            setCustomer("");
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
