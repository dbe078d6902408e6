import { expect, test } from "vitest";
import { caseEvent } from "@/test/fixtures";
import { describeCaseEvent } from "./case-event";

test("a rejection shows what the person asked for", () => {
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

test("a specialist that could not judge is not given a score", () => {
  const data = { specialist: "usage", round: 1, status: "unavailable", risk_score: null };
  expect(describeCaseEvent(caseEvent({ type: "specialist_finished", data })).text).toBe(
    "Usage specialist: unavailable",
  );
});

test("an effect that failed stands out", () => {
  const data = { action: "lock_account", status: "failed" };
  expect(describeCaseEvent(caseEvent({ type: "effect_finished", data }))).toEqual({
    text: "Lock account: failed",
    tone: "bad",
  });
});

test("a break says why, and that a person goes on", () => {
  const data = { round: 1, reason: "The investigation was terminated.", breaks: 1, reopens_review: false };
  expect(describeCaseEvent(caseEvent({ type: "orchestration_failed", data }))).toEqual({
    text: "The investigation broke: a person goes on with the case",
    detail: "The investigation was terminated.",
    tone: "high",
  });
});

test("a lock that another order keeps is not called unlocked", () => {
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
    "Lock taken back; the account stays locked by another",
  );
});

test("an effect in doubt is not called failed", () => {
  const data = { action: "lock_account", status: "unknown" };
  const line = { text: "Lock account: not confirmed by the store", tone: "high" };
  expect(describeCaseEvent(caseEvent({ type: "effect_finished", data }))).toEqual(line);
  expect(describeCaseEvent(caseEvent({ type: "reversal_finished", data }))).toEqual(line);
});

test.each([
  ["unresolved", "high"],
  ["failed", "bad"],
  ["cleared", "good"],
])("a case that closed as %s is not shown as a good end if it is none", (outcome, tone) => {
  expect(describeCaseEvent(caseEvent({ type: "case_closed", data: { outcome } })).tone).toBe(tone);
});

test("what broke was not judged for want of evidence", () => {
  const broke = caseEvent({ type: "assessed", actor: "system", data: { score: null } });
  expect(describeCaseEvent(broke).text).toBe("Assessed: not judged: nothing was concluded");
});
