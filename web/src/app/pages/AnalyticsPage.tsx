import { SegmentedControl, Skeleton } from "@mantine/core";
import { Link, getRouteApi } from "@tanstack/react-router";
import { usePageTitle } from "@/app/use-page-title";
import { BusiestUsers, DayTable, Totals } from "@/features/analytics/AnalyticsTables";
import { ended } from "@/features/analytics/figures";
import { useAnalytics } from "@/features/analytics/get-analytics";
import { MessagePlots } from "@/features/analytics/MessagePlots";
import { SchedulePanel } from "@/features/schedules/SchedulePanel";
import { EmptyState, ErrorState } from "@/shared/ui/States";
import classes from "./Page.module.css";

const route = getRouteApi("/analytics");
const DEFAULT_DAYS = 30;
const PERIODS = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "A year" },
];

/** How messages to the assistant ended: by day, by user, and how long people took to decide. */
export function AnalyticsPage() {
  const { days = DEFAULT_DAYS } = route.useSearch();
  const navigate = route.useNavigate();
  const figures = useAnalytics(days);
  usePageTitle("Analytics");
  return (
    <div className={`${classes["page"]} ${classes["wide"]}`}>
      <div className={classes["head"]}>
        <h1>Analytics</h1>
        <SegmentedControl
          aria-label="Period"
          size="xs"
          data={PERIODS}
          value={String(days)}
          onChange={(value) => void navigate({ search: { days: Number(value) }, replace: true })}
        />
      </div>
      {figures.isPending && <Skeleton height={320} />}
      {figures.isError && figures.data === undefined && (
        <ErrorState
          error={figures.error}
          onRetry={() => void figures.refetch()}
          retrying={figures.isFetching}
        />
      )}
      {figures.data !== undefined && ended(figures.data.total) === 0 && (
        <EmptyState title="No message came to an end in this period">
          Messages count on the day on which they were answered, or ended otherwise.
        </EmptyState>
      )}
      {figures.data !== undefined && ended(figures.data.total) > 0 && (
        <>
          <Totals figures={figures.data} />
          <MessagePlots figures={figures.data} />
          <DayTable figures={figures.data} />
          <BusiestUsers
            figures={figures.data}
            renderLink={(user) => (
              <Link to="/chat" search={{ user }}>
                {user}
              </Link>
            )}
          />
        </>
      )}
      <SchedulePanel />
    </div>
  );
}
