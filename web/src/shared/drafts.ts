/**
 * What somebody has begun and not sent, kept in this tab: a reload, a lost server or a look at another page takes
 * nothing away. Each person has their own; what cannot be kept (no room, no storage) is only on the page.
 */
const PREFIX = "casewright.draft";

const keyOf = (subject: string, caseId: string, field: string): string =>
  [PREFIX, encodeURIComponent(subject), caseId, field].join("|");

export function readDraft(subject: string, caseId: string, field: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(subject, caseId, field)) ?? "null") as unknown;
  } catch {
    return null;
  }
}

/** Keeps a draft; undefined forgets it. */
export function saveDraft(subject: string, caseId: string, field: string, value: unknown): void {
  const key = keyOf(subject, caseId, field);
  try {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // The page still has it.
  }
}

const MOST_KEPT = 50;

/** The cases in which this person has begun something. */
export function casesWithDrafts(subject: string): string[] {
  try {
    const owned = Array.from({ length: sessionStorage.length }, (_, index) => sessionStorage.key(index) ?? "")
      .map((key) => key.split("|"))
      .filter(([prefix, owner]) => prefix === PREFIX && owner === encodeURIComponent(subject))
      .map(([, , caseId]) => caseId ?? "");
    return [...new Set(owned)].slice(0, MOST_KEPT);
  } catch {
    return [];
  }
}
