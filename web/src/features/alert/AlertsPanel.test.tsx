import { screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { alert, caseAlert, caseView } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
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

beforeEach(() => localStorage.clear());

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
