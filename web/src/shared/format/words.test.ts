import { expect, test } from "vitest";
import { outcomeWord, stateWord } from "./words";

test("an outcome says what of it was taken back, in part as well", () => {
  expect(outcomeWord("account_locked", [])).toEqual({ label: "Account locked", tone: "bad" });
  expect(outcomeWord("account_locked", ["unlock_account"])).toEqual({
    label: "Account locked, then lock taken back",
    tone: "neutral",
  });
  expect(outcomeWord("locked_and_refunded", ["unlock_account"]).label).toBe(
    "Locked and refunded, then lock taken back",
  );
  expect(outcomeWord("locked_and_refunded", ["unlock_account", "reverse_refund"]).label).toBe(
    "Locked and refunded, then lock taken back, refund taken back",
  );
});

test("whose question is answered is awaited no more", () => {
  expect(stateWord("awaiting_review", true).label).toBe("Awaiting review");
  expect(stateWord("awaiting_review", false).label).toBe("Decided");
  expect(stateWord("escalated", true).label).toBe("Escalated");
  expect(stateWord("escalated", false).label).toBe("Decided");
  expect(stateWord("investigating", false).label).toBe("Investigating");
  expect(stateWord("acting", false).label).toBe("Acting");
});
