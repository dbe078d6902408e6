import type { ReviewRequest, Snooze } from "@/api/types";

/** Whether the time of a snooze is not over yet. */
export const isSnoozed = (snooze: Snooze | null, now: number): snooze is Snooze =>
  snooze !== null && Date.parse(snooze.until) > now;

/** When a snooze ends at the latest: at the reminder, and after it at the deadline. */
export function latestEnd({ remind_at, due_at }: ReviewRequest, now: number): number {
  const due = Date.parse(due_at);
  const reminder = remind_at === null ? now : Date.parse(remind_at);
  return reminder > now ? Math.min(reminder, due) : due;
}
