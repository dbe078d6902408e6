import { ActionIcon, Button, Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type QueueQuery, sameQuery } from "@/shared/queue/query";
import { formatNumber } from "@/shared/format/numbers";
import { mayActAs, useActorName, useIdentity } from "@/shared/api/session";
import { BookmarkIcon, MoreIcon, PeopleIcon } from "@/shared/ui/icons";
import { RefusedChange } from "@/shared/ui/RefusedChange";
import { DEFAULT_VIEWS } from "./default-views";
import { ViewNameDialog } from "./ViewNameDialog";
import classes from "./ViewTabs.module.css";
import { useQueueCounts, viewCountOptions } from "./count-cases";
import { useDeleteView } from "./delete-view";
import { useViews, type View } from "./list-views";
import { useRenameView } from "./rename-view";
import { useSaveView } from "./save-view";
import { useStopSharing } from "./stop-sharing";

/** The ways to look at the queue: those of everybody, one's own, and what others share; each with its number of cases. */
export function ViewTabs({ query }: { query: QueueQuery }) {
  const counts = useQueueCounts().data;
  const nameOf = useActorName();
  const views = useViews();
  const identity = useIdentity();
  const saved = views.data ?? [];
  const own = saved.filter(({ owner }) => owner === identity?.subject);
  const others = saved.filter(({ owner }) => owner !== identity?.subject);
  const mayShare = mayActAs(identity, "analyst");
  const save = useSaveView();
  const rename = useRenameView();
  const remove = useDeleteView();
  const unshare = useStopSharing();
  const [naming, setNaming] = useState<View | "new">();
  const known =
    DEFAULT_VIEWS.some((view) => sameQuery(view.query, query)) ||
    saved.some((view) => sameQuery(view.query, query));
  return (
    <>
      <nav className={classes["strip"]} aria-label="Views">
        {DEFAULT_VIEWS.map((view) => (
          <Tab
            key={view.name}
            name={view.name}
            query={view.query}
            current={query}
            count={counts && formatNumber(view.countOf(counts))}
            urgent={view.name === "Overdue" && counts !== undefined && counts.overdue > 0}
          />
        ))}
        {own.length > 0 && <span className={classes["divider"]} aria-hidden="true" />}
        {own.map((view) => (
          <SavedViewTab
            key={view.name}
            view={view}
            current={query}
            items={[
              { label: "Rename…", onClick: () => setNaming(view) },
              ...(mayShare || view.shared
                ? [
                    {
                      label: view.shared ? "Stop sharing" : "Share with everybody",
                      onClick: () =>
                        save.mutate({ name: view.name, query: view.query, shared: !view.shared }),
                    },
                  ]
                : []),
              { label: "Delete", onClick: () => remove.mutate(view.name) },
            ]}
          />
        ))}
        {others.length > 0 && <span className={classes["divider"]} aria-hidden="true" />}
        {others.map((view) => (
          <SavedViewTab
            key={`${view.owner} ${view.name}`}
            view={view}
            current={query}
            by={nameOf(view.owner)}
            items={
              mayActAs(identity, "manager")
                ? [{ label: "Stop sharing", onClick: () => unshare.mutate(view) }]
                : []
            }
          />
        ))}
        {!known && (
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<BookmarkIcon size={13} />}
            onClick={() => setNaming("new")}
          >
            Save view…
          </Button>
        )}
      </nav>
      <RefusedChange of={[save, rename, remove, unshare]} className={classes["error"]} />
      {naming !== undefined && (
        <ViewNameDialog
          title={naming === "new" ? "Save this view" : "Rename the view"}
          name={naming === "new" ? "" : naming.name}
          taken={own.map(({ name }) => name)}
          onClose={() => setNaming(undefined)}
          onName={(name) =>
            naming === "new" ? save.mutate({ name, query }) : rename.mutate({ view: naming, name })
          }
        />
      )}
    </>
  );
}

interface TabProps {
  name: string;
  query: QueueQuery;
  current: QueueQuery;
  count: string | undefined;
  urgent?: boolean;
  /** Set for views that everybody sees: whose it is. */
  sharedBy?: string | undefined;
}

function Tab({ name, query, current, count, urgent = false, sharedBy }: TabProps) {
  const here = sameQuery(query, current);
  return (
    <Link
      to="/"
      search={query as never}
      className={classes["tab"]}
      data-here={here}
      {...(here && { "aria-current": "true" as const })}
      {...(sharedBy !== undefined && { title: `Shared by ${sharedBy}` })}
    >
      {sharedBy !== undefined && <PeopleIcon size={13} />}
      {name}
      {count !== undefined && (
        <span className={`tabular ${classes["count"] ?? ""}`} data-urgent={urgent}>
          {count}
        </span>
      )}
    </Link>
  );
}

interface SavedViewTabProps {
  view: View;
  current: QueueQuery;
  /** Who shares it, if that is somebody else. */
  by?: string;
  items: readonly { label: string; onClick: () => void }[];
}

function SavedViewTab({ view, current, by, items }: SavedViewTabProps) {
  const count = useQuery(viewCountOptions(view.query)).data;
  const name = by === undefined ? view.name : `${view.name} · ${by}`;
  return (
    <span className={classes["own"]}>
      <Tab
        name={name}
        query={view.query}
        current={current}
        count={count}
        sharedBy={view.shared ? (by ?? "you") : undefined}
      />
      {items.length > 0 && (
        <Menu position="bottom-start" width={190}>
          <Menu.Target>
            <ActionIcon size={20} variant="subtle" color="gray" aria-label={`Change the view ${name}`}>
              <MoreIcon size={14} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {items.map(({ label, onClick }) => (
              <Menu.Item key={label} onClick={onClick}>
                {label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </span>
  );
}
