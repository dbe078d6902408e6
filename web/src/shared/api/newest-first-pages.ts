import type { InfiniteData } from "@tanstack/react-query";

interface NewestPage<T> {
  items: T[];
  next_cursor: string | null;
  total: number;
}

/** A list whose newest page comes first, each page oldest first; read again from the newest on, so that nothing is
 * lost or doubled when more is added. */
export const newestFirst = {
  initialPageParam: null as string | null,
  getNextPageParam: (page: { next_cursor: string | null }) => page.next_cursor,
};

/** What was loaded so far, oldest first, and how much there is. */
export const oldestFirstItems = <T>({ pages }: InfiniteData<NewestPage<T>>) => ({
  items: pages.toReversed().flatMap((page) => page.items),
  total: pages[0]?.total ?? 0,
});

export const cursorOf = (cursor: string | null) => (cursor === null ? {} : { cursor });
