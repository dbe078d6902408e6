import { useState } from "react";
import type { CaseSummary } from "@/api/types";

/** As many as one order may name. */
export const MOST_SELECTED = 500;

export interface Selection {
  chosen: ReadonlyMap<string, CaseSummary>;
  /** `range` selects up to the case that was clicked before, on the same page. */
  toggle: (item: CaseSummary, chosen: boolean, range: boolean, page: readonly CaseSummary[]) => void;
  setAll: (items: readonly CaseSummary[], chosen: boolean) => void;
  clear: () => void;
}

/** The cases that are picked for one order. It lasts across pages, filters and live changes. */
export function useSelection(): Selection {
  const [chosen, setChosen] = useState<ReadonlyMap<string, CaseSummary>>(new Map());
  const [last, setLast] = useState<string>();
  const setAll = (items: readonly CaseSummary[], pick: boolean) => {
    const next = new Map(chosen);
    for (const item of items) {
      if (!pick) next.delete(item.case_id);
      else if (next.size < MOST_SELECTED) next.set(item.case_id, item);
    }
    setChosen(next);
  };
  return {
    chosen,
    setAll,
    toggle: (item, pick, range, page) => {
      setAll(range ? between(page, last, item) : [item], pick);
      setLast(item.case_id);
    },
    clear: () => setChosen(new Map()),
  };
}

function between(
  page: readonly CaseSummary[],
  last: string | undefined,
  item: CaseSummary,
): readonly CaseSummary[] {
  const from = page.findIndex(({ case_id }) => case_id === last);
  const to = page.indexOf(item);
  if (from === -1 || to === -1) return [item];
  return page.slice(Math.min(from, to), Math.max(from, to) + 1);
}
