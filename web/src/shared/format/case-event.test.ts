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
