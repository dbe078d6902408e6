/** A time until which a case can be snoozed. */
export interface SnoozeTime {
  value: string;
  label: string;
  /** Milliseconds since the epoch. */
  at: number;
}

const HOUR = 3_600_000;
const MORNING = 9;

/** The times that are offered, those that are too late for the deadline left out. */
export function snoozeTimes(now: number, latest: number): SnoozeTime[] {
  const times = [
    { value: "1h", label: "For an hour", at: now + HOUR },
    { value: "4h", label: "For four hours", at: now + 4 * HOUR },
    { value: "tomorrow", label: "Until tomorrow morning", at: morningAfter(now, 1) },
    { value: "monday", label: "Until next Monday", at: morningAfter(now, daysToMonday(now)) },
  ];
  return times.filter(({ at }) => at <= latest);
}

function morningAfter(now: number, days: number): number {
  const day = new Date(now);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, MORNING).getTime();
}

const daysToMonday = (now: number): number => ((7 - new Date(now).getDay()) % 7) + 1;

/** A time as a field of the page has it: local, to the minute. */
export function toLocalField(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
