import { Button } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { useFeed } from "@/app/feed-context";
import { usePageTitle } from "@/app/use-page-title";
import { BulkBar } from "@/features/bulk/BulkBar";
import { CaseQueue } from "@/features/queue/CaseQueue";
import { ExportMenu } from "@/features/queue/ExportMenu";
import { FilterBar } from "@/features/queue/FilterBar";
import { OrderMenu } from "@/features/queue/OrderMenu";
import { useSelection } from "@/features/queue/use-selection";
import { LiveFeed } from "@/features/feed/LiveFeed";
import { ViewTabs } from "@/features/views/ViewTabs";
import { useConfig } from "@/shared/api/config";
import { useRules } from "@/shared/api/rules";
import { mayActAs, useIdentity, usePeople } from "@/shared/api/session";
import type { QueueQuery } from "@/shared/queue/query";
import { Panel } from "@/shared/ui/Panel";
import classes from "./DeskPage.module.css";

const route = getRouteApi("/");

/** The queue beside what happens right now. */
export function DeskPage() {
  const query = route.useSearch();
  const navigate = route.useNavigate();
  const config = useConfig();
  const feed = useFeed();
  const identity = useIdentity();
  const people = usePeople();
  const rules = useRules();
  const selection = useSelection();
  const [feedShown, setFeedShown] = useLocalStorage({ key: "casewright.feed", defaultValue: true });
  const working = mayActAs(identity, "analyst");
  const ask = (next: QueueQuery) => void navigate({ search: next, replace: true, resetScroll: false });
  usePageTitle("Desk");
  return (
    <div className={classes["desk"]} data-feed={feedShown}>
      <h1 className={classes["title"]}>Desk</h1>
      <div className={classes["queue"]}>
        <Panel
          title="Queue"
          flush
          aside={
            <>
              <OrderMenu query={query} onChange={ask} />
              {working && <ExportMenu query={query} />}
              <Button size="compact-sm" variant="subtle" onClick={() => setFeedShown(!feedShown)}>
                {feedShown ? "Hide live feed" : "Show live feed"}
              </Button>
            </>
          }
        >
          <ViewTabs query={query} />
          <FilterBar query={query} people={people} rules={rules} onChange={ask} />
          <CaseQueue
            query={query}
            threshold={config.data?.auto_clear_threshold}
            selection={working ? selection : undefined}
          />
        </Panel>
        {identity !== null && working && (
          <BulkBar chosen={selection.chosen} identity={identity} people={people} onClear={selection.clear} />
        )}
      </div>
      {feedShown && (
        <div className={classes["feed"]}>
          <LiveFeed store={feed} />
        </div>
      )}
    </div>
  );
}
