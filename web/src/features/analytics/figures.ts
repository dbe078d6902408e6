import type { ChatAnalytics } from "@/api/types";

type Figures = ChatAnalytics["total"];

/** How many messages came to an end. */
export const ended = ({ sent, rejected, unresolved, failed }: Figures): number =>
  sent + rejected + unresolved + failed;

/** About how many of them a person was asked. */
export const asked = ({ reviewed, rejected, unresolved }: Figures): number =>
  reviewed + rejected + unresolved;

/** The share about which a person was asked, in percent; null without messages. */
export const reviewPercent = (figures: Figures): number | null => {
  const all = ended(figures);
  return all === 0 ? null : Math.round((asked(figures) / all) * 1_000) / 10;
};

const MINUTE = 60;
const HOUR = 3_600;

/** A number of seconds as people say it. */
export function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.round(seconds / MINUTE)} min`;
  return `${Math.round((seconds / HOUR) * 10) / 10} h`;
}

export interface DayBar {
  day: string;
  alone: number;
  approved: number;
  rejected: number;
  unresolved: number;
  failed: number;
  percent: number | null;
}

/** What a day's bar is made of, from the bottom up. */
export const bars = ({ days }: ChatAnalytics): DayBar[] =>
  days.map((day) => ({
    day: day.day,
    alone: day.sent - day.reviewed,
    approved: day.reviewed,
    rejected: day.rejected,
    unresolved: day.unresolved,
    failed: day.failed,
    percent: reviewPercent(day),
  }));

/** The parts of a bar, in the words and colours of the desk. */
export const PARTS = [
  { key: "alone", label: "Sent at once", colour: "var(--cw-accent)" },
  { key: "approved", label: "Sent after approval", colour: "var(--cw-good-fill)" },
  { key: "rejected", label: "Rejected", colour: "var(--cw-bad-fill)" },
  { key: "unresolved", label: "Nobody decided", colour: "var(--cw-warn-fill)" },
  { key: "failed", label: "Not answered", colour: "var(--cw-neutral-fill)" },
] as const;
