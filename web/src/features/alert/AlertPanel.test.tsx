import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { TelemetryEvent } from "@/api/types";
import { alert } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { AlertPanel } from "./AlertPanel";

const login = (eventId: string, over: Partial<TelemetryEvent> = {}): TelemetryEvent =>
  ({
    event_id: eventId,
    customer_id: 42,
    kind: "login",
    occurred_at: "2026-11-21T08:00:00Z",
    attributes: { success: true, country: "NG", city: "Lagos" },
    ...over,
  }) as TelemetryEvent;

const OF_EVENT = "3 optional attributes were left out: the attributes took 20,000 bytes.";

test("manual alert names no rule", () => {
  renderInApp(<AlertPanel caseId="case-1" alert={alert({ source: "manual", rule_id: "manual" })} />);
  expect(screen.getByText(/^Raised/)).toBeVisible();
  expect(screen.queryByText(/Rule/)).toBeNull();
});

test("rule alert names the rule and its version", () => {
  renderInApp(<AlertPanel caseId="case-1" alert={alert()} />);
  expect(screen.getByText(/Rule/)).toHaveTextContent(/Rule impossible_travel v1 · raised/);
});

test("says what was truncated in an alert", () => {
  renderInApp(
    <AlertPanel
      caseId="case-1"
      alert={alert({ trimmed: "The alert took 368,808 bytes: 9 events were cut." })}
    />,
  );
  expect(screen.getByText("The alert took 368,808 bytes: 9 events were cut.")).toBeVisible();
});

test("says beside an event what was truncated", () => {
  const events = [login("e-1"), login("e-2", { trimmed: OF_EVENT })];
  renderInApp(<AlertPanel caseId="case-1" alert={alert({ trigger_events: events })} />);
  const [whole, cut] = screen.getAllByRole("row");
  expect(whole).not.toHaveTextContent("left out");
  expect(cut).toHaveTextContent(OF_EVENT);
});

test("says what was truncated in other recent events", async () => {
  renderInApp(
    <AlertPanel caseId="case-1" alert={alert({ recent_events: [login("e-3", { trimmed: OF_EVENT })] })} />,
  );
  await userEvent.setup().click(screen.getByText(/1 other recent event/));
  expect(screen.getByText(OF_EVENT)).toBeVisible();
});

test("says nothing about a complete alert", () => {
  renderInApp(<AlertPanel caseId="case-1" alert={alert({ trigger_events: [login("e-1")] })} />);
  expect(screen.queryByText(/left out/)).toBeNull();
});
