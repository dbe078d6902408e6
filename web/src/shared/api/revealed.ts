import type { Middleware } from "openapi-fetch";

/** What personal data is shown of: a case or a conversation. */
export interface Revealable {
  caseId?: string | undefined;
  /** Of a conversation. */
  userId?: string | undefined;
}

/** In this tab alone, and gone with it. */
let shown: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

/** The paths of what is shown. */
export const revealed = (): string[] => [...shown];

export function setRevealed(paths: readonly string[]): void {
  shown = new Set(paths);
  for (const listener of listeners) listener();
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const pathsOf = ({ caseId, userId }: Revealable): string[] => [
  ...(caseId === undefined ? [] : [`/api/cases/${encodeURIComponent(caseId)}`]),
  ...(userId === undefined ? [] : [`/api/conversations/${encodeURIComponent(userId)}`]),
];

export const isRevealed = (of: Revealable): boolean => pathsOf(of).some((path) => shown.has(path));

/** What can be asked for as it is; lists, files and changes never are. */
const REVEALING =
  /^(\/api\/cases\/[^/]+|\/api\/conversations\/[^/]+)(\/(history|audit|notes|attachments|evidence\/[^/]+|alerts\/[^/]+\/drawings))?$/;

/** Asks for personal data of what it is shown of. */
export const revealing: Middleware = {
  onRequest({ request }) {
    const url = new URL(request.url);
    const about = REVEALING.exec(url.pathname)?.[1];
    if (request.method !== "GET" || about === undefined || !shown.has(about)) return undefined;
    url.searchParams.set("personal_data", "shown");
    return new Request(url, request);
  },
};
