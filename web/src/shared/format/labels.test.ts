import { expect, test } from "vitest";
import type { Reversal } from "@/api/types";
import { outcomeLabel, stateLabel, doneReversals } from "./labels";

test("outcome says which effects were reversed", () => {
  expect(outcomeLabel("account_locked", [])).toEqual({ label: "Account locked", tone: "bad" });
  expect(outcomeLabel("account_locked", ["unlock_account"])).toEqual({
    label: "Account locked, then lock reversed",
    tone: "neutral",
  });
  expect(outcomeLabel("locked_and_refunded", ["unlock_account"]).label).toBe(
    "Locked and refunded, then lock reversed",
  );
  expect(outcomeLabel("locked_and_refunded", ["unlock_account", "reverse_refund"]).label).toBe(
    "Locked and refunded, then lock reversed, refund reversed",
  );
});

test("only completed reversals count", () => {
  const reversal = (status: Reversal["status"], action: Reversal["action"]): Reversal => ({
    reversal_id: "case-1:unlock_account:1",
    case_id: "case-1",
    undoes: "case-1:lock_account:1",
    action,
    reason: "The customer came by.",
    requested_by: "ana",
    requested_at: "2026-11-21T08:00:00Z",
    status,
    decided_by: null,
    decided_at: null,
    comment: null,
    effect: null,
  });
  expect(
    doneReversals([
      reversal("requested", "unlock_account"),
      reversal("approved", "unlock_account"),
      reversal("refused", "unlock_account"),
      reversal("failed", "unlock_account"),
      reversal("done", "reverse_refund"),
    ]),
  ).toEqual(["reverse_refund"]);
});

test("decided review is no longer awaited", () => {
  expect(stateLabel("awaiting_review", true).label).toBe("Awaiting review");
  expect(stateLabel("awaiting_review", false).label).toBe("Decided");
  expect(stateLabel("escalated", true).label).toBe("Escalated");
  expect(stateLabel("escalated", false).label).toBe("Decided");
  expect(stateLabel("escalated", false, true).label).toBe("On hold");
  expect(stateLabel("investigating", false).label).toBe("Investigating");
  expect(stateLabel("acting", false).label).toBe("Acting");
});
