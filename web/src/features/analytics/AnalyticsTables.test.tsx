import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { ChatAnalytics } from "@/api/types";
import { renderInApp } from "@/test/render";
import { BusiestUsers, DayTable, Totals } from "./AnalyticsTables";
import { bars, duration, reviewPercent } from "./figures";

const none = { sent: 0, reviewed: 0, rejected: 0, unresolved: 0, failed: 0 };
const figures: ChatAnalytics = {
  first_day: "2026-11-20",
  last_day: "2026-11-21",
  total: { ...none, sent: 6, reviewed: 2, rejected: 1, failed: 1 },
  users: 2,
  review_rate: 0.375,
  decisions: { decided: 3, median_s: 90, p90_s: 7_200 },
  days: [
    { ...none, day: "2026-11-20", users: 0 },
    { ...none, sent: 6, reviewed: 2, rejected: 1, failed: 1, day: "2026-11-21", users: 2 },
  ],
  busiest: [{ ...none, user_id: "bob", sent: 6, reviewed: 2, rejected: 1, failed: 1 }],
};

test("period is told in five figures", () => {
  renderInApp(<Totals figures={figures} />);
  for (const said of ["8", "2", "37.5 %", "2 min", "2 h"]) expect(screen.getByText(said)).toBeVisible();
});

test("plots are told in numbers too", () => {
  renderInApp(<DayTable figures={figures} />);
  const rows = screen.getAllByRole("row").slice(1);
  expect(rows.map(({ textContent }) => textContent)).toEqual([
    "2026-11-21421" + "01" + "37.5 %",
    "2026-11-2000000–",
  ]);
});

test("busiest users lead to their conversations", () => {
  renderInApp(<BusiestUsers figures={figures} renderLink={(user) => <a href={`#${user}`}>{user}</a>} />);
  const [, row] = screen.getAllByRole("row");
  if (row === undefined) throw new Error("no row");
  expect(within(row).getByRole("link", { name: "bob" })).toBeVisible();
  expect(row).toHaveTextContent("37.5 %");
});

test("bar of a day adds up to what ended", () => {
  const [, day] = bars(figures);
  expect(day).toEqual({
    day: "2026-11-21",
    alone: 4,
    approved: 2,
    rejected: 1,
    unresolved: 0,
    failed: 1,
    percent: 37.5,
  });
  expect(reviewPercent(none)).toBeNull();
});

test.each([
  [null, "–"],
  [0, "0 s"],
  [59, "59 s"],
  [60, "1 min"],
  [3_599, "60 min"],
  [5_400, "1.5 h"],
])("%s seconds are %s", (seconds, said) => {
  expect(duration(seconds)).toBe(said);
});
