import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Suppression } from "@/api/types";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { Panel } from "@/shared/ui/Panel";
import { ReasonDialog } from "@/shared/ui/ReasonDialog";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import { Time } from "@/shared/ui/Time";
import { useAddSuppression, useRemoveSuppression } from "./change-unreported";
import { useSuppressions } from "./list-rules";
import classes from "./Rules.module.css";

type Entry = Pick<Suppression, "kind" | "value">;

const KINDS: Record<Suppression["kind"], { label: string; meaning: string }> = {
  address: { label: "Address", meaning: "failed logins from it are no attack" },
  customer: { label: "Customer", meaning: "no rule watches them" },
};

/** Addresses and customers that never count, whatever the rule. */
export function SuppressionPanel() {
  const mayChange = mayActAs(useIdentity(), "manager");
  const nameOf = useActorName();
  const entries = useSuppressions();
  const add = useAddSuppression();
  const remove = useRemoveSuppression();
  const [asked, setAsked] = useState<{ entry: Entry; isAdding: boolean } | null>(null);
  return (
    <Panel title="What never counts">
      {entries.isError && entries.data === undefined && (
        <ErrorState
          error={entries.error}
          onRetry={() => void entries.refetch()}
          retrying={entries.isFetching}
        />
      )}
      {entries.data?.length === 0 && (
        <EmptyState title="Everything counts">Offices and test accounts can be named here.</EmptyState>
      )}
      {entries.data !== undefined && entries.data.length > 0 && (
        <ul className={classes["list"]} aria-label="Suppressions">
          {entries.data.map(({ kind, value, reason, added_by, added_at }) => (
            <li key={`${kind} ${value}`} className={classes["line"]}>
              <div className={classes["what"]}>
                <strong>
                  {KINDS[kind].label} {value}
                </strong>
                : {KINDS[kind].meaning}
                <p className={classes["text"]}>{reason}</p>
                <span className={classes["note"]}>
                  {nameOf(added_by)}, <Time at={added_at} format="day" />
                </span>
              </div>
              {mayChange && (
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={remove.isPending}
                  aria-label={`Remove ${kind} ${value}`}
                  onClick={() => setAsked({ entry: { kind, value }, isAdding: false })}
                >
                  Remove…
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {mayChange && (
        <SuppressionForm isBusy={add.isPending} onAdd={(entry) => setAsked({ entry, isAdding: true })} />
      )}
      <RefusedChange of={[add, remove]} boxed />
      {asked !== null && (
        <ReasonDialog
          title={`${asked.isAdding ? "Add" : "Remove"} ${asked.entry.kind} ${asked.entry.value}?`}
          note="It holds from the next event on. Your reason is in the desk log."
          action={asked.isAdding ? "Add" : "Remove"}
          onReason={(reason) => (asked.isAdding ? add : remove).mutate({ ...asked.entry, reason })}
          onClose={() => setAsked(null)}
        />
      )}
    </Panel>
  );
}

interface SuppressionFormProps {
  isBusy: boolean;
  onAdd: (entry: Entry) => void;
}

function SuppressionForm({ isBusy, onAdd }: SuppressionFormProps) {
  const [kind, setKind] = useState<Suppression["kind"]>("address");
  const [value, setValue] = useState("");
  return (
    <form
      className={classes["row"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim() !== "") onAdd({ kind, value: value.trim() });
      }}
    >
      <NativeSelect
        size="xs"
        label="Kind"
        value={kind}
        data={Object.entries(KINDS).map(([each, { label }]) => ({ value: each, label }))}
        onChange={(event) => setKind(event.currentTarget.value === "customer" ? "customer" : "address")}
      />
      <TextInput
        size="xs"
        label="Address or number"
        value={value}
        maxLength={100}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default" loading={isBusy} disabled={value.trim() === ""}>
        Add…
      </Button>
    </form>
  );
}
