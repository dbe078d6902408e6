import { useState } from "react";
import { canonicalQuery, type QueueQuery } from "@/shared/queue/query";

/** Where each list was left in this tab, so that the way back from a case leads to the same page. */
const places = new Map<string, readonly string[]>();

export interface CursorPages {
  /** Of the page on screen; null for the first. */
  cursor: string | null;
  /** Counted from 0. */
  page: number;
  forward: (cursor: string) => void;
  back: () => void;
  first: () => void;
}

/** Forward by cursor, back through the pages that were seen. Another query starts at its own first page. */
export function useCursorPages(query: QueueQuery): CursorPages {
  const name = canonicalQuery(query);
  const [trails, setTrails] = useState<ReadonlyMap<string, readonly string[]>>(() => new Map(places));
  const trail = trails.get(name) ?? [];
  const go = (next: readonly string[]) => {
    places.set(name, next);
    setTrails(new Map(places));
  };
  return {
    cursor: trail.at(-1) ?? null,
    page: trail.length,
    forward: (cursor) => go([...trail, cursor]),
    back: () => go(trail.slice(0, -1)),
    first: () => go([]),
  };
}
