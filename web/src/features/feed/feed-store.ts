import type { FeedMessage } from "@/shared/live/connection";
import { type FeedItem, feedItems } from "./feed-item";

export const FEED_LIMIT = 200;
export const WAITING_LIMIT = 500;

export interface Feed {
  /** Newest first, never more than `FEED_LIMIT`. */
  items: readonly FeedItem[];
  paused: boolean;
  /** What arrived during the pause, newest first. */
  waiting: readonly FeedItem[];
  /** Telemetry events since the backend started; the feed shows a sample of them. */
  total: number;
}

export type FeedAction =
  { type: "received"; items: readonly FeedItem[]; total: number } | { type: "paused" } | { type: "resumed" };

export const EMPTY_FEED: Feed = { items: [], paused: false, waiting: [], total: 0 };

/** What the feed looks like after `action`; `items` of a receipt come oldest first, as they arrived. */
export function reduceFeed(feed: Feed, action: FeedAction): Feed {
  switch (action.type) {
    case "received": {
      const before = feed.paused ? feed.waiting : feed.items;
      const fresh = withoutKnown(action.items, [...feed.items, ...feed.waiting]);
      const { total } = action;
      if (fresh.length === 0) return total === feed.total ? feed : { ...feed, total };
      const joined = [...fresh.reverse(), ...before];
      return feed.paused
        ? { ...feed, total, waiting: joined.slice(0, WAITING_LIMIT) }
        : { ...feed, total, items: joined.slice(0, FEED_LIMIT) };
    }
    case "paused":
      return { ...feed, paused: true };
    case "resumed":
      return {
        ...feed,
        items: [...feed.waiting, ...feed.items].slice(0, FEED_LIMIT),
        paused: false,
        waiting: [],
      };
  }
}

/** A resumed stream may repeat what was seen: an item shows once. */
function withoutKnown(items: readonly FeedItem[], known: readonly FeedItem[]): FeedItem[] {
  const keys = new Set(known.map((item) => item.key));
  return items.filter((item) => !keys.has(item.key) && keys.add(item.key));
}

type Schedule = (flush: () => void) => void;

const FLUSH_MS = 200;

/**
 * The feed of this tab. A replay delivers thousands of events in a second: they are gathered
 * and shown together, so that the page renders a few times a second at most.
 */
export class FeedStore {
  #feed: Feed = EMPTY_FEED;
  #gathered: FeedItem[] = [];
  #total = 0;
  #scheduled = false;
  readonly #listeners = new Set<() => void>();
  readonly #schedule: Schedule;

  constructor(schedule: Schedule = (flush) => setTimeout(flush, FLUSH_MS)) {
    this.#schedule = schedule;
  }

  readonly get = (): Feed => this.#feed;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  receive(message: FeedMessage): void {
    if (message.kind === "telemetry") this.#total = message.data.total;
    this.#gathered = [...this.#gathered, ...feedItems(message)].slice(-WAITING_LIMIT);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => this.#flush());
  }

  dispatch(action: FeedAction): void {
    const next = reduceFeed(this.#feed, action);
    if (next === this.#feed) return;
    this.#feed = next;
    for (const listener of this.#listeners) listener();
  }

  #flush(): void {
    this.#scheduled = false;
    const items = this.#gathered;
    this.#gathered = [];
    this.dispatch({ type: "received", items, total: this.#total });
  }
}
