import { ActionIcon, Button, Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type QueueQuery, sameQuery } from "@/shared/queue/query";
import { formatNumber } from "@/shared/format/numbers";
import { errorMessage } from "@/shared/api/problem";
import { BookmarkIcon, MoreIcon } from "@/shared/ui/icons";
import { DEFAULT_VIEWS } from "./default-views";
import { ViewNameDialog } from "./ViewNameDialog";
import classes from "./ViewTabs.module.css";
import { useQueueCounts, viewCountOptions } from "./count-cases";
import { useDeleteView } from "./delete-view";
import { useViews, type View } from "./list-views";
import { useRenameView } from "./rename-view";
import { useSaveView } from "./save-view";

/** The ways to look at the queue: those of everybody, then one's own, each with its number of cases. */
export function ViewTabs({ query }: { query: QueueQuery }) {
  const counts = useQueueCounts().data;
  const views = useViews();
  const own = views.data ?? [];
  const save = useSaveView();
  const rename = useRenameView();
  const remove = useDeleteView();
  const [naming, setNaming] = useState<View | "new">();
  const known =
    DEFAULT_VIEWS.some((view) => sameQuery(view.query, query)) ||
    own.some((view) => sameQuery(view.query, query));
  const failed = [save, rename, remove].find((change) => change.isError);
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
            onRename={() => setNaming(view)}
            onRemove={() => remove.mutate(view.name)}
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
      {failed !== undefined && (
        <p className={classes["error"]} role="alert">
          {errorMessage(failed.error)}
        </p>
      )}
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
}

function Tab({ name, query, current, count, urgent = false }: TabProps) {
  const here = sameQuery(query, current);
  return (
    <Link
      to="/"
      search={query as never}
      className={classes["tab"]}
      data-here={here}
      {...(here && { "aria-current": "true" as const })}
    >
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
  onRename: () => void;
  onRemove: () => void;
}

function SavedViewTab({ view, current, onRename, onRemove }: SavedViewTabProps) {
  const count = useQuery(viewCountOptions(view.query)).data;
  return (
    <span className={classes["own"]}>
      <Tab name={view.name} query={view.query} current={current} count={count} />
      <Menu position="bottom-start" width={150}>
        <Menu.Target>
          <ActionIcon size={20} variant="subtle" color="gray" aria-label={`Change the view ${view.name}`}>
            <MoreIcon size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={onRename}>Rename…</Menu.Item>
          <Menu.Item onClick={onRemove}>Delete</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </span>
  );
}
