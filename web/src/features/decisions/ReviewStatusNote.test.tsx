import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import type { FraudCaseView, Decision, Effect, ServiceStatus } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { atWork, caseView } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import type { DecisionRequest } from "./submit-decision";
import { ReviewStatusNote } from "./ReviewStatusNote";

const SINCE = "2026-11-21T08:00:00Z";
const AWAY: [string, Partial<ServiceStatus>][] = [
  ["the scheduler does not answer", { scheduler_away_since: SINCE }],
  ["the scheduler does the work of another casebook", { hub_taken_since: SINCE }],
  ["no worker is at work", { worker_away_since: SINCE }],
];

function renderNote(
  over: Partial<FraudCaseView>,
  status: Partial<ServiceStatus> = {},
  verdict?: DecisionRequest["verdict"],
) {
  const view = caseView({ review: null, ...over });
  const answer = verdict === undefined ? undefined : ({ verdict } as DecisionRequest);
  const { queries, rerender } = renderInApp(<ReviewStatusNote view={view} answer={answer} />);
  queries.setQueryData(keys.service, { ...atWork, ...status });
  rerender(<ReviewStatusNote view={view} answer={answer} />);
}

const investigating: Partial<FraudCaseView> = {
  state: "investigating",
  progress: {
    phase: "investigating",
    round: 1,
    specialists: { usage: "running", location: "ok", billing: "pending" },
    score: null,
    outcome: null,
  },
};
const notBegun: Partial<FraudCaseView> = {
  ...investigating,
  progress: {
    phase: "investigating",
    round: 1,
    specialists: { usage: "pending", location: "pending", billing: "pending" },
    score: null,
    outcome: null,
  },
};

test("running investigation names the specialists", () => {
  renderNote(investigating);
  expect(screen.getByRole("status")).toHaveTextContent(/the specialists are at work/);
});

test.each(AWAY)("investigation is paused because %s", async (why, status) => {
  renderNote(investigating, status);
  expect(await screen.findByText(new RegExp(`the investigation is paused, because ${why}`))).toBeVisible();
  expect(screen.queryByText(/specialists are at work/)).toBeNull();
});

test.each(AWAY)("decision waits because %s", async (why, status) => {
  renderNote({ state: "acting" }, status, "approve");
  expect(await screen.findByText(new RegExp(`not carried out yet, because ${why}`))).toBeVisible();
  expect(screen.queryByText(/is being carried out/)).toBeNull();
});

test.each(AWAY)("feedback waits because %s", async (why, status) => {
  renderNote({}, status, "reject");
  expect(await screen.findByText(new RegExp(`have not looked again yet, because ${why}`))).toBeVisible();
});

test("other readers see the same status", async () => {
  renderNote({ state: "acting" }, { worker_away_since: SINCE });
  expect(await screen.findByText(/The decision was taken\. It is not carried out yet/)).toBeVisible();
});

test("slow start shows how long the case waits", () => {
  renderNote({ ...notBegun, opened_at: new Date(Date.now() - 120_000).toISOString() });
  expect(screen.getByRole("status")).toHaveTextContent(
    /has not started for 2 min.*as soon as a worker takes it/,
  );
});

test("new case explains no delay", () => {
  renderNote({ ...notBegun, opened_at: new Date().toISOString() });
  expect(screen.getByRole("status")).toHaveTextContent(/the specialists are at work/);
});

test("reversed lock changes the outcome label", () => {
  renderNote({
    state: "closed",
    outcome: "locked_and_refunded",
    reversals: [
      {
        reversal_id: "case-1:u1",
        case_id: "case-1",
        undoes: "case-1:lock_account:1",
        action: "unlock_account",
        reason: "The customer came by.",
        requested_by: "ana",
        requested_at: SINCE,
        status: "done",
        decided_by: "maria",
        decided_at: SINCE,
        comment: null,
        effect: null,
      },
    ],
  });
  expect(screen.getByText("Locked and refunded, then lock reversed")).toBeVisible();
  expect(screen.queryByText("Locked and refunded")).toBeNull();
});

const lock = (status: Effect["status"]): Effect => ({
  key: "case-1:lock_account:42",
  action: "lock_account",
  status,
  result: null,
});
const decided = (verdict: Decision["verdict"], round = 1): Decision => ({
  review_id: `case-1:r${round}`,
  assessment_hash: "sha256:a",
  verdict,
  action: verdict === "approve" ? "lock_account" : null,
  feedback: verdict === "approve" ? null : "Nobody can say.",
  decided_by: "maria",
  decided_at: SINCE,
  comment: null,
  reason_code: null,
  disposition: null,
  approvals: null,
});

test("unconfirmed effect is not called carried out", () => {
  renderNote({ state: "acting", effects: [lock("unknown")], decisions: [decided("approve")] });
  expect(screen.getByRole("status")).toHaveTextContent(
    /not certain yet whether the approved action was done/,
  );
  expect(screen.queryByText(/is being carried out/)).toBeNull();
});

test("approvers are shown while the action runs", () => {
  renderNote({ state: "acting", decisions: [decided("approve")] });
  expect(screen.getByText(/Decided by Maria/)).toBeVisible();
  expect(screen.getByText("Lock account")).toBeVisible();
});

test("closed case with unconfirmed effect says what to check", () => {
  renderNote({ state: "closed", outcome: "failed", effects: [lock("unknown")] });
  expect(screen.getByText(/Nobody knows whether this was done: lock account/)).toBeVisible();
  expect(screen.queryByText("Action failed")).toBeNull();
});

test("refused effect is reported", () => {
  renderNote({ state: "closed", outcome: "failed", effects: [lock("failed")] });
  expect(screen.getByText(/was not carried out: the customer store refused it/)).toBeVisible();
});

test("rejected escalation is not called undecided", () => {
  renderNote({ state: "closed", outcome: "unresolved", decisions: [decided("reject")] });
  expect(screen.getByText(/The last assessment was rejected\. Nothing was done/)).toBeVisible();
  expect(screen.queryByText(/Nobody decided in time/)).toBeNull();
});

test("earlier rejection is not taken for the last decision", () => {
  renderNote({ state: "closed", outcome: "unresolved", round: 2, decisions: [decided("reject")] });
  expect(screen.getByText(/Nobody decided in time/)).toBeVisible();
});

test("unresolved case names completed effects", () => {
  renderNote({ state: "closed", outcome: "unresolved", effects: [lock("done")] });
  expect(screen.getByText(/What had been done in the account stands/)).toBeVisible();
  expect(screen.queryByText(/Nothing was done/)).toBeNull();
});

test("unresolved case without effects says so", () => {
  renderNote({ state: "closed", outcome: "unresolved" });
  expect(screen.getByText(/Nobody decided in time\. Nothing was done in the account/)).toBeVisible();
});
