const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Twenty-four hours everywhere: in an investigation, 9:12 must be unambiguous.
const HOURS = { hourCycle: "h23" } as const;

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", ...HOURS });
const dayTime = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  ...HOURS,
});
const minute = new Intl.DateTimeFormat(undefined, { timeStyle: "short", ...HOURS });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", ...HOURS });

/** Local date and time: "21 Nov 2026, 09:12". */
export const formatDateTime = (iso: string): string => dateTime.format(new Date(iso));

/** Local date and time without the year, for columns: "21 Nov, 09:12". */
export const formatDayTime = (iso: string): string => dayTime.format(new Date(iso));

/** Local time of day with seconds: "09:12:07". */
export const formatClock = (iso: string): string => clock.format(new Date(iso));

/** Local time of day: "09:12". */
export const formatMinute = (iso: string): string => minute.format(new Date(iso));

/** The exact time in UTC, for titles: "2026-11-21 08:12:07 UTC". */
export function formatUtc(iso: string): string {
  const text = new Date(iso).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}

/** How long ago, in one unit: "now", "4 min", "3 h", "12 d". */
export function formatAge(iso: string, now: number): string {
  const age = now - Date.parse(iso);
  if (age < MINUTE) return "now";
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  if (age < 2 * DAY) return `${Math.floor(age / HOUR)} h`;
  return `${Math.floor(age / DAY)} d`;
}

export type Urgency = "later" | "soon" | "overdue";

export interface Countdown {
  text: string;
  urgency: Urgency;
}

const SOON = 4 * HOUR;

/** Time left until a deadline in at most two units; "soon" in the last four hours. */
export function countdown(dueAt: string, now: number): Countdown {
  const left = Date.parse(dueAt) - now;
  if (left <= 0) return { text: `${inTwoUnits(-left)} overdue`, urgency: "overdue" };
  return { text: inTwoUnits(left), urgency: left <= SOON ? "soon" : "later" };
}

function inTwoUnits(span: number): string {
  if (span < MINUTE) return `${Math.max(0, Math.floor(span / 1000))} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  if (span < 2 * DAY) return `${Math.floor(span / HOUR)} h ${Math.floor((span % HOUR) / MINUTE)} min`;
  return `${Math.floor(span / DAY)} d ${Math.floor((span % DAY) / HOUR)} h`;
}

/** A duration of work: "340 ms", "4.2 s", "3 min 5 s". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < MINUTE) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / MINUTE)} min ${Math.round((milliseconds % MINUTE) / 1000)} s`;
}
