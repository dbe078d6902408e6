import type { ReactNode } from "react";
import type { ChatAnalytics } from "@/api/types";
import { formatNumber } from "@/shared/format/numbers";
import { Panel } from "@/shared/ui/Panel";
import classes from "./Analytics.module.css";
import { bars, duration, ended, PARTS, reviewPercent } from "./figures";

const percent = (value: number | null): string => (value === null ? "–" : `${value} %`);

/** The period in five figures. */
export function Totals({ figures }: { figures: ChatAnalytics }) {
  const { total, users, decisions } = figures;
  return (
    <dl className={classes["totals"]}>
      <Figure label="Messages answered or ended">{formatNumber(ended(total))}</Figure>
      <Figure label="Users">{formatNumber(users)}</Figure>
      <Figure label="Review rate">{percent(reviewPercent(total))}</Figure>
      <Figure label="Time to decision, median">{duration(decisions.median_s)}</Figure>
      <Figure label="Time to decision, 90th percentile">{duration(decisions.p90_s)}</Figure>
    </dl>
  );
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={classes["figure"]}>
      <dt>{label}</dt>
      <dd className="tabular">{children}</dd>
    </div>
  );
}

/** The plots in numbers, the newest day first. */
export function DayTable({ figures }: { figures: ChatAnalytics }) {
  return (
    <Panel title="In numbers" flush>
      <div className={classes["scroll"]} tabIndex={0} role="group" aria-label="Messages by day, in numbers">
        <table className={classes["table"]} role="table">
          <thead role="rowgroup">
            <tr role="row">
              <th scope="col" role="columnheader">
                Day (UTC)
              </th>
              {PARTS.map(({ key, label }) => (
                <th key={key} scope="col" role="columnheader">
                  {label}
                </th>
              ))}
              <th scope="col" role="columnheader">
                Review rate
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {bars(figures)
              .toReversed()
              .map((day) => (
                <tr key={day.day} role="row">
                  <th scope="row" role="rowheader">
                    {day.day}
                  </th>
                  {PARTS.map(({ key, label }) => (
                    <td key={key} role="cell" data-label={label}>
                      {formatNumber(day[key])}
                    </td>
                  ))}
                  <td role="cell" data-label="Review rate">
                    {percent(day.percent)}
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

interface BusiestProps {
  figures: ChatAnalytics;
  renderLink: (userId: string) => ReactNode;
}

/** Who writes most. */
export function BusiestUsers({ figures: { busiest }, renderLink }: BusiestProps) {
  const most = Math.max(1, ...busiest.map(ended));
  return (
    <Panel title="Busiest users" flush>
      <table className={classes["table"]} role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">
              User
            </th>
            <th scope="col" role="columnheader">
              Messages
            </th>
            <th scope="col" role="columnheader">
              Review rate
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {busiest.map((user) => (
            <tr key={user.user_id} role="row">
              <th scope="row" role="rowheader">
                {renderLink(user.user_id)}
              </th>
              <td role="cell" data-label="Messages">
                <span className={classes["bar"]} style={{ width: `${(ended(user) / most) * 60}%` }} />{" "}
                {formatNumber(ended(user))}
              </td>
              <td role="cell" data-label="Review rate">
                {percent(reviewPercent(user))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
