import { expect, test } from "vitest";
import { formatMinor, formatMoney, formatScore } from "./numbers";

const digits = (text: string) => text.replace(/[^\d.,]/g, "");

test("minor units follow the decimals of the currency", () => {
  expect(digits(formatMinor(1_299, "USD"))).toBe("12.99");
  expect(digits(formatMinor(1_299, "JPY"))).toBe("1,299");
  expect(digits(formatMinor(1_299, "KWD"))).toBe("1.299");
});

test("decimals follow ISO 4217, not the browser", () => {
  expect(digits(formatMinor(1_299, "AFN"))).toBe("12.99");
  expect(digits(formatMinor(1_299, "IQD"))).toBe("1.299");
  expect(digits(formatMinor(12_990, "CLF"))).toBe("1.2990");
  expect(digits(formatMoney("500000", "JPY"))).toBe("500,000");
  expect(digits(formatMoney("12.5", "RSD"))).toBe("12.50");
});

test("decimal amounts become money", () => {
  expect(formatMoney("1234.50", "USD")).toBe("$1,234.50");
});

test("unknown currency is shown as it is", () => {
  expect(formatMoney("5", "not a code")).toBe("5 not a code");
});

test("missing score is not zero", () => {
  expect(formatScore(null)).toBe("–");
  expect(formatScore(0)).toBe("0.00");
});
