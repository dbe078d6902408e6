import { expect, test } from "vitest";
import type { TelemetryEvent } from "@/api/types";
import { alert, assessment, caseView } from "@/test/fixtures";
import { consequenceOf, isPossible } from "./consequence";

const charge = (id: string, amount: string, currency = "USD"): TelemetryEvent => ({
  event_id: `e-${id}`,
  customer_id: 42,
  occurred_at: "2026-11-21T08:00:00Z",
  kind: "transaction",
  attributes: { amount, currency, charge_id: id, merchant: null, country: null, terminal_id: null },
  trimmed: null,
});

const refunding = (ids: string[], events: TelemetryEvent[] = []) =>
  caseView({ assessment: assessment({ refund_charge_ids: ids }), alert: alert({ trigger_events: events }) });

test("lock names the account", () => {
  expect(consequenceOf("lock_account", caseView())).toBe("Locks the account of customer 42.");
});

test("refund names its charges and their known sum", () => {
  expect(consequenceOf("refund_charges", refunding(["c1"]))).toBe("Refunds 1 charge of customer 42.");
  const known = refunding(["c1", "c2"], [charge("c1", "10.50"), charge("c2", "1200")]);
  expect(consequenceOf("lock_and_refund", known)).toBe(
    "Locks the account of customer 42 and refunds 2 charges ($1,210.50).",
  );
});

test("unknown amounts and mixed currencies give no sum", () => {
  const partly = refunding(["c1", "c9"], [charge("c1", "10")]);
  expect(consequenceOf("refund_charges", partly)).toBe("Refunds 2 charges of customer 42.");
  const mixed = refunding(["c1", "c2"], [charge("c1", "10"), charge("c2", "10", "EUR")]);
  expect(consequenceOf("refund_charges", mixed)).toBe("Refunds 2 charges of customer 42.");
});

test("refund without charges is impossible", () => {
  expect(isPossible("lock_and_refund", refunding([]))).toBe(false);
  expect(isPossible("lock_account", refunding([]))).toBe(true);
  expect(isPossible("refund_charges", refunding(["c1"]))).toBe(true);
});
