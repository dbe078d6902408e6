import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import type { CasePage } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { alert, caseAlert, caseView, summary, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { AlertsPanel } from "./AlertsPanel";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children, params }: { children: ReactNode; params?: { caseId: string } }) => (
    <a href={`/cases/${params?.caseId ?? ""}`}>{children}</a>
  ),
}));

const joined = (number: number, round: number | null = null) =>
  caseAlert({
    alert: alert({
      alert_id: `new_device-${number}`,
      alert_type: "new_device",
      description: "A new device.",
    }),
    recorded_at: `2026-11-21T09:0${number}:00Z`,
    recorded_by: "ben",
    round,
  });

beforeEach(() => {
  localStorage.clear();
  serve(() => json({ items: [], next_cursor: null, total: 0 }));
});

test("only alert of a case has no timeline", () => {
  renderInApp(<AlertsPanel view={caseView()} />);
  expect(screen.getByRole("heading", { name: "Alert" })).toBeVisible();
  expect(screen.queryByText(/joined/i)).toBeNull();
});

test("timeline says who raised each alert and which round investigates it", () => {
  renderInApp(<AlertsPanel view={caseView({ alerts: [caseAlert(), joined(1)] })} />);
  expect(screen.getByRole("heading", { name: "Alerts (2)" })).toBeVisible();
  expect(screen.getByText(/^Opened the case/)).toHaveTextContent(/investigated in round 1/);
  expect(screen.getByText(/^Joined/)).toHaveTextContent(/by Ben · not investigated yet/);
});

test("what joined since the last look is marked once", () => {
  const before = renderInApp(<AlertsPanel view={caseView({ alerts: [caseAlert(), joined(1, 2)] })} />);
  expect(screen.queryByText("New")).toBeNull();
  before.unmount();
  const again = renderInApp(
    <AlertsPanel view={caseView({ alerts: [caseAlert(), joined(1, 2), joined(2)] })} />,
  );
  expect(screen.getByText("1 joined since you looked")).toBeVisible();
  expect(screen.getAllByText("New")).toHaveLength(1);
  again.unmount();
  renderInApp(<AlertsPanel view={caseView({ alerts: [caseAlert(), joined(1, 2), joined(2)] })} />);
  expect(screen.queryByText("New")).toBeNull();
});

test("case links to those before and after it", () => {
  renderInApp(<AlertsPanel view={caseView({ follows: "case-a", followed_by: ["case-c"] })} />);
  expect(screen.getByRole("link", { name: "case-a" })).toHaveAttribute("href", "/cases/case-a");
  expect(screen.getByRole("link", { name: "case-c" })).toHaveAttribute("href", "/cases/case-c");
});

test("alert that joined is detached for a reason", async () => {
  const calls = serve(() => json(summary(2)));
  const user = userEvent.setup();
  renderInApp(<AlertsPanel view={caseView({ alerts: [caseAlert(), joined(1, 2)] })} />);
  await user.click(screen.getByRole("button", { name: "Detach…" }));
  await user.type(await screen.findByRole("textbox"), "Another story.");
  await user.click(screen.getByRole("button", { name: "Detach" }));
  const detached = () => calls.find(({ method }) => method === "POST");
  await waitFor(() => expect(detached()).toBeDefined());
  expect(detached()).toMatchObject({
    path: `/api/cases/${caseView().case_id}/alerts/new_device-1/detach`,
    body: { reason: "Another story." },
  });
});

test("other open case of the customer can be merged into", async () => {
  const calls = serve(({ method }) =>
    method === "GET"
      ? json({ items: [summary(7)], next_cursor: null, total: 1 })
      : problem(
          "alerts-cannot-move",
          409,
          "The alerts of case 'case-7' cannot be moved: round 1 is decided.",
        ),
  );
  const user = userEvent.setup();
  renderInApp(<AlertsPanel view={caseView()} />);
  await user.click(await screen.findByRole("button", { name: "Merge into it…" }));
  await user.type(await screen.findByRole("textbox"), "One story.");
  await user.click(screen.getByRole("button", { name: "Merge" }));
  expect(await screen.findByText(/round 1 is decided/)).toBeVisible();
  expect(calls.find(({ method }) => method === "POST")).toMatchObject({
    path: `/api/cases/${caseView().case_id}/merge`,
    body: { into: "case-7", reason: "One story." },
  });
});

test("cases to merge with are kept as a page of the list", async () => {
  serve(() => json({ items: [summary(7)], next_cursor: null, total: 1 }));
  const { queries } = renderInApp(<AlertsPanel view={caseView()} />);
  await screen.findByRole("button", { name: "Merge into it…" });
  const [page] = queries.getQueriesData<CasePage>({ queryKey: keys.caseLists });
  expect(page?.[1]?.items).toEqual([summary(7)]);
});

test("nobody moves alerts of a decided case, and no viewer does", () => {
  const alerts = [caseAlert(), joined(1, 1)];
  const closed = renderInApp(<AlertsPanel view={caseView({ state: "closed", review: null, alerts })} />);
  expect(screen.queryByRole("button", { name: "Detach…" })).toBeNull();
  closed.unmount();
  renderInApp(<AlertsPanel view={caseView({ alerts })} />, vera);
  expect(screen.queryByRole("button", { name: "Detach…" })).toBeNull();
});

test("alert that was moved links to its case", () => {
  const moved = { ...joined(1, 1), moved_to: "case-other" };
  renderInApp(<AlertsPanel view={caseView({ alerts: [caseAlert(), moved], merged_into: "case-all" })} />);
  expect(screen.getByRole("link", { name: "case-other" })).toBeVisible();
  expect(screen.getByRole("link", { name: "case-all" })).toBeVisible();
  expect(screen.queryByRole("button", { name: "Detach…" })).toBeNull();
});
