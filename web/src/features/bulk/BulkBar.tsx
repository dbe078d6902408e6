import { Button, Menu } from "@mantine/core";
import { useState } from "react";
import type { CaseSummary, Identity } from "@/api/types";
import { mayActAs } from "@/shared/api/session";
import { snoozeTimes } from "@/shared/cases/snooze-times";
import { ChevronDownIcon } from "@/shared/ui/icons";
import { useNow } from "@/shared/use-now";
import type { BulkRequest } from "./bulk-request";
import { BulkDialog } from "./BulkDialog";
import classes from "./BulkBar.module.css";

interface BulkBarProps {
  chosen: ReadonlyMap<string, CaseSummary>;
  identity: Identity;
  people: readonly Identity[];
  onClear: () => void;
}

/** What can be done with the cases that are selected. */
export function BulkBar({ chosen, identity, people, onClear }: BulkBarProps) {
  const [order, setOrder] = useState<BulkRequest>();
  const now = useNow();
  if (chosen.size === 0) return null;
  const workers = people.filter((person) => mayActAs(person, "analyst"));
  return (
    <div className={classes["bar"]} role="toolbar" aria-label="Selected cases">
      <span className={classes["count"]} role="status">
        {chosen.size === 1 ? "1 case selected" : `${chosen.size} cases selected`}
      </span>
      <Button size="compact-sm" onClick={() => setOrder({ action: "claim" })}>
        Claim…
      </Button>
      {mayActAs(identity, "manager") && (
        <Menu position="top-start" width={180}>
          <Menu.Target>
            <Button size="compact-sm" variant="default" rightSection={<ChevronDownIcon size={12} />}>
              Assign to
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {workers.map(({ subject, name }) => (
              <Menu.Item key={subject} onClick={() => setOrder({ action: "assign", assignee: subject })}>
                {name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      <Menu position="top-start" width={220}>
        <Menu.Target>
          <Button size="compact-sm" variant="default" rightSection={<ChevronDownIcon size={12} />}>
            Snooze
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Or until somebody else adds something</Menu.Label>
          {snoozeTimes(now, Infinity).map(({ value, label, at }) => (
            <Menu.Item key={value} onClick={() => setOrder(snoozed(at))}>
              {label}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => setOrder(snoozed())}>Until their deadlines are near</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => setOrder({ action: "close_false_positive" })}
      >
        Close as false positive…
      </Button>
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        Clear selection
      </Button>
      {order !== undefined && (
        <BulkDialog
          order={order}
          cases={[...chosen.values()]}
          onClose={() => setOrder(undefined)}
          onDone={onClear}
        />
      )}
    </div>
  );
}

const snoozed = (at?: number): BulkRequest => ({
  action: "snooze",
  until_activity: true,
  ...(at !== undefined && { until: new Date(at).toISOString() }),
});
