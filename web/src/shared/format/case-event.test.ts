import { expect, test } from "vitest";
import type { CaseEvent, OrchestrationFailed } from "@/api/types";
import { caseEvent } from "@/test/fixtures";
import { describeCaseEvent } from "./case-event";

test("rejection shows its feedback", () => {
  const line = describeCaseEvent(
    caseEvent({
      type: "decision_accepted",
      data: { verdict: "reject", feedback: "Check the travel ticket." },
    }),
  );
  expect(line).toEqual({ text: "Rejected with feedback", detail: "Check the travel ticket.", tone: "warn" });
});

test("approval shows its disposition", () => {
  const data = { verdict: "approve", action: "lock_account", disposition: "confirmed_fraud" };
  expect(describeCaseEvent(caseEvent({ type: "decision_accepted", data })).text).toBe(
    "Approved: lock account (confirmed fraud)",
  );
});

test("changes show what was before", () => {
  const decided = {
    verdict: "approve",
    action: "clear",
    disposition: "false_positive",
    previous_disposition: "inconclusive",
  };
  const lines = [
    caseEvent({ type: "decision_accepted", data: decided }),
    caseEvent({ type: "assigned", data: { assigned_to: "ben", previously: "ana", why: "absent" } }),
    caseEvent({ type: "assigned", data: { assigned_to: null, previously: "ben", why: "by_hand" } }),
    caseEvent({ type: "claimed", actor: "ben", data: { assignee: "ben" } }),
    caseEvent({ type: "case_opened", actor: "ben", data: {} }),
    caseEvent({ type: "case_opened", actor: "system", data: {} }),
  ];
  expect(lines.map((event) => describeCaseEvent(event).text)).toEqual([
    "Approved: clear (false positive, before: inconclusive)",
    "Assigned to ben, before ana",
    "Back in the pool, before ben",
    "Claimed",
    "Case opened by hand",
    "Case opened by a rule",
  ]);
});

test("unavailable specialist shows no score", () => {
  const data = { specialist: "usage", round: 1, status: "unavailable", risk_score: null };
  expect(describeCaseEvent(caseEvent({ type: "specialist_finished", data })).text).toBe(
    "Usage specialist: unavailable",
  );
});

test("failed effect stands out", () => {
  const data = { action: "lock_account", status: "failed" };
  expect(describeCaseEvent(caseEvent({ type: "effect_finished", data }))).toEqual({
    text: "Lock account: failed",
    tone: "bad",
  });
});

test("orchestration failure shows its reason", () => {
  const data: OrchestrationFailed = {
    round: 1,
    reason: "The investigation was terminated.",
    failures: 1,
    reopens_review: false,
  };
  expect(describeCaseEvent(caseEvent({ type: "orchestration_failed", data }))).toEqual({
    text: "The investigation failed: a person continues the case",
    detail: "The investigation was terminated.",
    tone: "high",
  });
});

test("lock kept by another order is not called unlocked", () => {
  const finished = (still_locked_by: unknown[]) =>
    describeCaseEvent(
      caseEvent({
        type: "reversal_finished",
        data: {
          action: "unlock_account",
          status: "done",
          effect: { status: "done", result: { still_locked_by } },
        },
      }),
    ).text;
  expect(finished([])).toBe("Unlock account: done");
  expect(finished([{ idempotency_key: "case-2:lock_account:1" }])).toBe(
    "Lock reversed; another order keeps the account locked",
  );
});

test("unconfirmed effect is not called failed", () => {
  const data = { action: "lock_account", status: "unknown" };
  const line = { text: "Lock account: not confirmed by the store", tone: "high" };
  expect(describeCaseEvent(caseEvent({ type: "effect_finished", data }))).toEqual(line);
  expect(describeCaseEvent(caseEvent({ type: "reversal_finished", data }))).toEqual(line);
});

test.each([
  ["unresolved", "high"],
  ["failed", "bad"],
  ["cleared", "good"],
])("closing as %s is not shown as success", (outcome, tone) => {
  expect(describeCaseEvent(caseEvent({ type: "case_closed", data: { outcome } })).tone).toBe(tone);
});

test("failed investigation is not said to lack evidence", () => {
  const unconcluded = caseEvent({ type: "assessed", actor: "system", data: { score: null } });
  expect(describeCaseEvent(unconcluded).text).toBe("Assessed: not assessed: nothing was concluded");
});

test("event without words of its own shows its name", () => {
  const type = "review_extended" as CaseEvent["type"];
  expect(describeCaseEvent(caseEvent({ type, data: {} })).text).toBe("Review extended");
});

test("hold shows how it ended", () => {
  const data = { round: 1, action: "lock_account" };
  const lines = [caseEvent({ type: "decision_withdrawn", data }), caseEvent({ type: "hold_ended", data })];
  expect(lines.map((event) => describeCaseEvent(event).text)).toEqual([
    "Decision taken back: lock account",
    "Takes effect: lock account",
  ]);
});
