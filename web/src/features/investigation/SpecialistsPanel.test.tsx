import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { SPECIALISTS, type FraudCaseView } from "@/api/types";
import { assessment, caseView, report } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { SpecialistsPanel } from "./SpecialistsPanel";

const reports = (round: number) => SPECIALISTS.map((specialist) => report({ specialist, round }));
const pending = { usage: "pending", location: "pending", billing: "pending" } as const;

const rejected = (round: number, feedback: string): FraudCaseView["earlier_rounds"][number] => ({
  round,
  assessment: assessment({ round }),
  reports: reports(round),
  review: null,
  decision: {
    review_id: `case-1:r${round}`,
    assessment_hash: "sha256:a",
    verdict: "reject",
    action: null,
    feedback,
    decided_by: "ana",
    decided_at: "2026-11-21T09:00:00Z",
    comment: null,
    reason_code: null,
    disposition: null,
    approvals: null,
  },
});

const shown = (over: Partial<FraudCaseView>) =>
  renderInApp(
    <SpecialistsPanel view={caseView(over)} events={[]} threshold={0.6} onOpenEvidence={vi.fn()} />,
  );

test("round without investigation shows the reports it reuses", () => {
  shown({
    state: "escalated",
    round: 3,
    progress: { phase: "escalated", round: 3, specialists: pending, score: 0.9, outcome: null },
    reports: reports(2),
    earlier_rounds: [rejected(1, "Look at the invoices."), rejected(2, "Ask somebody else.")],
  });
  expect(screen.getByText("Round 2 · 3 of 3 reported · not asked again in round 3")).toBeVisible();
  expect(screen.getAllByText("Done")).toHaveLength(3);
  expect(screen.queryByText("Pending")).toBeNull();
  expect(screen.getByText("Asked after round 1")).toBeVisible();
  expect(screen.getByText(/Look at the invoices/)).toBeVisible();
  expect(screen.queryByText(/Ask somebody else/)).toBeNull();
});

test("new round waits for its own reports", () => {
  shown({
    state: "investigating",
    round: 2,
    progress: { phase: "investigating", round: 2, specialists: pending, score: null, outcome: null },
    reports: [],
    earlier_rounds: [rejected(1, "Look at the invoices.")],
  });
  expect(screen.getByText("Round 2 · 0 of 3 reported")).toBeVisible();
  expect(screen.getAllByText("Pending")).toHaveLength(3);
  expect(screen.getByText(/Look at the invoices/)).toBeVisible();
});

test("missing report is not shown as running", () => {
  shown({
    state: "awaiting_review",
    progress: {
      phase: "awaiting_review",
      round: 1,
      specialists: { usage: "running", location: "ok", billing: "pending" },
      score: null,
      outcome: null,
    },
    reports: [report({ specialist: "location" })],
  });
  expect(screen.getAllByText("No report")).toHaveLength(2);
  expect(screen.getAllByText("The case went on without a report of this specialist.")).toHaveLength(2);
  for (const word of ["Running", "Pending"]) expect(screen.queryByText(word)).toBeNull();
});
