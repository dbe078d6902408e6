/** How many alerts of a case this person had seen, kept on this device: to show what joined since. */
const PREFIX = "casewright.alerts-seen";
const MOST_KEPT = 200;

const keyOf = (subject: string, caseId: string): string =>
  [PREFIX, encodeURIComponent(subject), caseId].join("|");

/** Undefined for a case that was not looked at yet. */
export function alertsSeen(subject: string, caseId: string): number | undefined {
  try {
    const count = Number.parseInt(localStorage.getItem(keyOf(subject, caseId)) ?? "", 10);
    return Number.isNaN(count) ? undefined : count;
  } catch {
    return undefined;
  }
}

export function saveAlertsSeen(subject: string, caseId: string, count: number): void {
  try {
    forgetOldest();
    localStorage.setItem(keyOf(subject, caseId), String(count));
  } catch {
    // Nothing is marked as new then.
  }
}

function forgetOldest(): void {
  const kept = Array.from(
    { length: localStorage.length },
    (_, index) => localStorage.key(index) ?? "",
  ).filter((key) => key.startsWith(PREFIX));
  for (const key of kept.slice(MOST_KEPT)) localStorage.removeItem(key);
}
