import { getRouteApi } from "@tanstack/react-router";
import { CaseQueue } from "@/features/cases/CaseQueue";
import { StateFilter } from "@/features/cases/StateFilter";
import { LiveFeed } from "@/features/feed/LiveFeed";
import { useConfig } from "@/shared/api/config";
import { Panel } from "@/shared/ui/Panel";
import { useFeed } from "@/app/feed-context";
import { usePageTitle } from "@/app/use-page-title";
import classes from "./DeskPage.module.css";

const route = getRouteApi("/");

/** The queue beside what happens right now. */
export function DeskPage() {
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const config = useConfig();
  const feed = useFeed();
  usePageTitle("Desk");
  return (
    <div className={classes["desk"]}>
      <h1 className={classes["title"]}>Desk</h1>
      <Panel
        title="Cases"
        flush
        aside={
          <StateFilter
            value={state}
            onChange={(next) => void navigate({ search: next === undefined ? {} : { state: next } })}
          />
        }
      >
        <CaseQueue state={state} threshold={config.data?.auto_clear_threshold} />
      </Panel>
      <div className={classes["feed"]}>
        <LiveFeed store={feed} />
      </div>
    </div>
  );
}
