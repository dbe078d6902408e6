import { describe, expect, test, vi } from "vitest";
import type { TelemetryBatch } from "@/api/types";
import { EMPTY_FEED, FEED_LIMIT, FeedStore, reduceFeed, WAITING_LIMIT, type Feed } from "./feed-store";
import type { FeedItem } from "./feed-item";

const item = (number: number): FeedItem => ({
  key: `t:${number}`,
  kind: "telemetry",
  at: "2026-11-21T08:00:00Z",
  customerId: number,
  label: "Login",
  text: `Login ${number}`,
  tone: "neutral",
});

const items = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => item(from + index));

const received = (from: number, to: number) =>
  ({ type: "received", items: items(from, to), total: to }) as const;

const keysOf = (feed: Feed) => feed.items.map(({ key }) => key);

describe("reduceFeed", () => {
  test("shows the newest on top", () => {
    const feed = reduceFeed(reduceFeed(EMPTY_FEED, received(1, 2)), received(3, 4));
    expect(keysOf(feed)).toEqual(["t:4", "t:3", "t:2", "t:1"]);
  });

  test("drops the oldest beyond its limit", () => {
    const feed = reduceFeed(EMPTY_FEED, received(1, FEED_LIMIT + 30));
    expect(feed.items).toHaveLength(FEED_LIMIT);
    expect(feed.items.at(-1)?.key).toBe("t:31");
    expect(feed.total).toBe(FEED_LIMIT + 30);
  });

  test("shows repeated events of a resumed stream once", () => {
    const feed = reduceFeed(reduceFeed(EMPTY_FEED, received(1, 3)), received(2, 4));
    expect(keysOf(feed)).toEqual(["t:4", "t:3", "t:2", "t:1"]);
  });

  test("stops while paused and catches up after", () => {
    const paused = reduceFeed(reduceFeed(EMPTY_FEED, received(1, 2)), { type: "paused" });
    const during = reduceFeed(reduceFeed(paused, received(3, 4)), received(4, 5));
    expect(keysOf(during)).toEqual(["t:2", "t:1"]);
    expect(during.waiting).toHaveLength(3);
    const resumed = reduceFeed(during, { type: "resumed" });
    expect(keysOf(resumed)).toEqual(["t:5", "t:4", "t:3", "t:2", "t:1"]);
    expect(resumed.waiting).toEqual([]);
  });

  test("buffers a bounded amount while paused", () => {
    const paused = reduceFeed(EMPTY_FEED, { type: "paused" });
    expect(reduceFeed(paused, received(1, 5 * WAITING_LIMIT)).waiting).toHaveLength(WAITING_LIMIT);
  });
});

test("a burst renders once", () => {
  let flush: () => void = () => undefined;
  const store = new FeedStore((run) => (flush = run));
  const onChange = vi.fn();
  store.subscribe(onChange);
  for (let number = 1; number <= 50; number += 1) {
    store.receive({ kind: "telemetry", data: batch(number) });
  }
  expect(onChange).not.toHaveBeenCalled();
  flush();
  expect(onChange).toHaveBeenCalledTimes(1);
  expect(store.get().items).toHaveLength(50);
  expect(store.get().total).toBe(50);
});

const batch = (number: number): TelemetryBatch => ({
  at: "2026-11-21T08:00:00Z",
  total: number,
  total_by_kind: {},
  received: 1,
  sample: [
    {
      event_id: `${number}`,
      customer_id: 1,
      occurred_at: "2026-11-21T08:00:00Z",
      kind: "data_usage",
      attributes: { gb: 1.5 },
      trimmed: null,
    },
  ],
});
