import { expect, test } from "vitest";
import { outcomeWord } from "./words";

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
