import {
  Bar,
  BarChart,
  CartesianGrid,
  Legend,
  Line,
  LineChart,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import type { ChatAnalytics } from "@/api/types";
import { Panel } from "@/shared/ui/Panel";
import { bars, PARTS } from "./figures";
import classes from "./Analytics.module.css";

const AXIS = { fontSize: 11, fill: "var(--cw-muted)" };
const BOX = {
  background: "var(--cw-surface)",
  border: "1px solid var(--cw-line-strong)",
  borderRadius: 6,
  fontSize: 12,
};

/** Messages by day, and the share that people looked at. The table below says the same in numbers. */
export function MessagePlots({ figures }: { figures: ChatAnalytics }) {
  const data = bars(figures);
  return (
    <>
      <Panel title="Messages by day">
        <div className={classes["plot"]} aria-hidden="true">
          <ResponsiveContainer width="100%" height={240}>
            <BarChart data={data} accessibilityLayer={false}>
              <CartesianGrid vertical={false} stroke="var(--cw-line)" />
              <XAxis
                dataKey="day"
                tick={AXIS}
                tickLine={false}
                stroke="var(--cw-line-strong)"
                minTickGap={24}
              />
              <YAxis tick={AXIS} tickLine={false} axisLine={false} allowDecimals={false} width={40} />
              <Tooltip contentStyle={BOX} cursor={{ fill: "var(--cw-hover)" }} />
              <Legend
                itemSorter={null}
                wrapperStyle={{ fontSize: 12 }}
                formatter={(label) => <span className={classes["legend"]}>{String(label)}</span>}
              />
              {PARTS.map(({ key, label, colour }) => (
                <Bar
                  key={key}
                  dataKey={key}
                  name={label}
                  stackId="day"
                  fill={colour}
                  isAnimationActive={false}
                />
              ))}
            </BarChart>
          </ResponsiveContainer>
        </div>
      </Panel>
      <Panel title="Share that a person was asked about">
        <div className={classes["plot"]} aria-hidden="true">
          <ResponsiveContainer width="100%" height={180}>
            <LineChart data={data} accessibilityLayer={false}>
              <CartesianGrid vertical={false} stroke="var(--cw-line)" />
              <XAxis
                dataKey="day"
                tick={AXIS}
                tickLine={false}
                stroke="var(--cw-line-strong)"
                minTickGap={24}
              />
              <YAxis tick={AXIS} tickLine={false} axisLine={false} width={52} domain={[0, 100]} unit=" %" />
              <Tooltip contentStyle={BOX} />
              <Line
                dataKey="percent"
                name="Review rate, %"
                stroke="var(--cw-accent)"
                strokeWidth={2}
                dot={{ r: 2 }}
                connectNulls
                isAnimationActive={false}
              />
            </LineChart>
          </ResponsiveContainer>
        </div>
      </Panel>
    </>
  );
}
