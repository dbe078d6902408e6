import { screen } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import type { FraudCaseView, OrchestrationFailed } from "@/api/types";
import { caseEvent, caseView, maria, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { DecisionPanel } from "./DecisionPanel";

test("deadline shows reminder and escalation", () => {
  const asked = { ...review(1), required_role: "manager" as const, remind_at: "2026-11-23T08:00:00Z" };
  const events = [
    caseEvent({
      type: "escalated",
      at: "2026-11-21T10:00:00Z",
      data: { round: 1, reason: "Nobody decided in time." },
    }),
  ];
  renderInApp(
    <DecisionPanel view={caseView({ state: "escalated", review: asked })} events={events} />,
    maria,
  );
  expect(screen.getByText("Nobody decided in time.")).toBeVisible();
  expect(screen.getByText(/closes as unresolved and nothing is done/)).toBeVisible();
  expect(screen.getByText("Reminder")).toBeVisible();
});

test("deadline after an effect says nothing more is done", () => {
  const done = { key: "k", action: "lock_account" as const, status: "done" as const, result: null };
  const asked = { ...review(1), required_role: "manager" as const };
  renderInApp(
    <DecisionPanel view={caseView({ state: "escalated", review: asked, effects: [done] })} />,
    maria,
  );
  expect(screen.getByText(/closes as unresolved and nothing more is done/)).toBeVisible();
});

describe("failing orchestration", () => {
  const asked = { ...review(1), required_role: "manager" as const, remind_at: "2026-11-23T08:00:00Z" };
  const failed = (failures: number) => {
    const data: OrchestrationFailed = { round: 1, reason: "It failed.", failures, reopens_review: false };
    return caseEvent({ type: "orchestration_failed", at: "2026-11-21T10:00:00Z", data });
  };
  const decision: FraudCaseView["decisions"][number] = {
    review_id: review(1).review_id,
    assessment_hash: review(1).assessment_hash,
    verdict: "approve",
    action: "lock_account",
    feedback: null,
    decided_by: "maria",
    decided_at: "2026-11-21T11:00:00Z",
    comment: null,
    reason_code: null,
    disposition: null,
    approvals: null,
  };
  const shown = (failures: number, over: Parameters<typeof caseView>[0] = {}) =>
    renderInApp(
      <DecisionPanel
        view={caseView({ state: "escalated", review: asked, ...over })}
        events={[failed(failures)]}
      />,
      maria,
    );

  test("says after three failures that retries are hourly", () => {
    shown(3);
    expect(
      screen.getByText(/closes as unresolved.* failed 3 times and is retried once an hour/),
    ).toBeVisible();
    expect(screen.queryByText("Reminder")).toBeNull();
  });

  test("says so too when it fails after the decision", () => {
    const decisions = [{ ...decision, decided_at: "2026-11-21T09:00:00Z" }];
    shown(3, { state: "acting", review: null, decisions });
    expect(screen.getByRole("status")).toHaveTextContent(/is being carried out\. .*retried once an hour/);
  });

  test("says nothing after two failures", () => {
    shown(2);
    expect(screen.getByText(/closes as unresolved and nothing is done/)).toBeVisible();
    expect(screen.queryByText(/once an hour/)).toBeNull();
    expect(screen.getByText("Reminder")).toBeVisible();
  });

  test("says nothing once a person has decided since", () => {
    shown(3, { decisions: [decision] });
    expect(screen.getByText(/closes as unresolved/)).toBeVisible();
    expect(screen.queryByText(/once an hour/)).toBeNull();
  });
});
