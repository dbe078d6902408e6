import { describe, expect, test } from "vitest";
import { countdown, formatAge, formatDuration, formatUtc } from "./time";

const NOW = Date.parse("2026-11-21T09:00:00Z");
const later = (ms: number) => new Date(NOW + ms).toISOString();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("countdown", () => {
  test("counts days and hours while there is time", () => {
    expect(countdown(later(71 * HOUR + 58 * MINUTE), NOW)).toEqual({ text: "2 d 23 h", urgency: "later" });
    expect(countdown(later(47 * HOUR + 5 * MINUTE), NOW)).toEqual({ text: "47 h 5 min", urgency: "later" });
  });

  test("turns urgent in the last four hours", () => {
    expect(countdown(later(4 * HOUR + 1), NOW).urgency).toBe("later");
    expect(countdown(later(4 * HOUR), NOW)).toEqual({ text: "4 h 0 min", urgency: "soon" });
    expect(countdown(later(59_000), NOW)).toEqual({ text: "59 s", urgency: "soon" });
  });

  test("is overdue from the deadline on", () => {
    expect(countdown(later(0), NOW)).toEqual({ text: "0 s overdue", urgency: "overdue" });
    expect(countdown(later(-90 * MINUTE), NOW)).toEqual({ text: "1 h 30 min overdue", urgency: "overdue" });
  });
});

test("age has one unit and is never negative", () => {
  expect(formatAge(later(5_000), NOW)).toBe("now");
  expect(formatAge(later(-59_999), NOW)).toBe("now");
  expect(formatAge(later(-MINUTE), NOW)).toBe("1 min");
  expect(formatAge(later(-47 * HOUR), NOW)).toBe("47 h");
  expect(formatAge(later(-48 * HOUR), NOW)).toBe("2 d");
});

test("durations read as people say them", () => {
  expect(formatDuration(340)).toBe("340 ms");
  expect(formatDuration(4_230)).toBe("4.2 s");
  expect(formatDuration(185_000)).toBe("3 min 5 s");
});

test("titles give the time in UTC", () => {
  expect(formatUtc("2026-11-21T10:00:07+01:00")).toBe("2026-11-21 09:00:07 UTC");
});
