import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveConnection, type LiveMessage, type EventSourceLike } from "./connection";

class FakeSource implements EventSourceLike {
  readyState = 0;
  closed = false;
  readonly url: string;
  readonly #listeners = new Map<string, ((event: Event) => void)[]>();

  constructor(url: string) {
    this.url = url;
  }

  addEventListener(type: string, listener: (event: Event) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  close(): void {
    this.closed = true;
    this.readyState = 2;
  }

  open(): void {
    this.readyState = 1;
    this.#emit("open", new Event("open"));
  }

  /** The browser will try again by itself. */
  drop(): void {
    this.readyState = 0;
    this.#emit("error", new Event("error"));
  }

  /** The server answered with an error: the browser gives up. */
  refuse(): void {
    this.readyState = 2;
    this.#emit("error", new Event("error"));
  }

  say(kind: string, data: unknown, id = ""): void {
    this.#emit(kind, new MessageEvent(kind, { data: JSON.stringify(data), lastEventId: id }));
  }

  #emit(type: string, event: Event): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}

const sources: FakeSource[] = [];
const newest = (): FakeSource => {
  const source = sources.at(-1);
  if (source === undefined) throw new Error("no source was opened");
  return source;
};

function connect() {
  const connection = new LiveConnection({
    url: "/api/events/stream",
    open: (url) => {
      const source = new FakeSource(url);
      sources.push(source);
      return source;
    },
  });
  const messages: LiveMessage[] = [];
  const onOpen = vi.fn();
  connection.subscribe({ onMessage: (message) => messages.push(message), onOpen });
  connection.start();
  return { connection, messages, onOpen };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  sources.length = 0;
});

test("repeated starts open one stream", () => {
  const { connection } = connect();
  connection.start();
  expect(sources).toHaveLength(1);
});

test("first opening tells its listeners too", () => {
  const { connection, onOpen } = connect();
  expect(connection.status()).toBe("connecting");
  newest().open();
  expect(connection.status()).toBe("live");
  expect(onOpen).toHaveBeenCalledTimes(1);
});

test("dropped connection resumes and tells its listeners", () => {
  const { connection, onOpen } = connect();
  newest().open();
  newest().drop();
  expect(connection.status()).toBe("reconnecting");
  vi.advanceTimersByTime(120_000);
  expect(sources).toHaveLength(1);
  newest().open();
  expect(connection.status()).toBe("live");
  expect(onOpen).toHaveBeenCalledTimes(2);
});

test("refused stream retries from the last event", () => {
  connect();
  newest().open();
  newest().say("case", { seq: 17 }, "17");
  newest().refuse();
  vi.advanceTimersByTime(999);
  expect(sources).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(sources).toHaveLength(2);
  expect(newest().url).toBe("/api/events/stream?last_event_id=17");
  newest().refuse();
  vi.advanceTimersByTime(1_999);
  expect(sources).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(sources).toHaveLength(3);
});

test("returning network ends the back-off", () => {
  const { connection } = connect();
  const stop = connection.watchBrowser();
  newest().open();
  newest().refuse();
  window.dispatchEvent(new Event("online"));
  expect(sources).toHaveLength(2);
  expect(sources[0]?.closed).toBe(true);
  stop();
});

test("tab hidden for long reconnects when visible", () => {
  const { connection, onOpen } = connect();
  const stop = connection.watchBrowser();
  newest().open();
  const visibility = vi.spyOn(document, "visibilityState", "get");
  visibility.mockReturnValue("hidden");
  document.dispatchEvent(new Event("visibilitychange"));
  vi.advanceTimersByTime(8 * 3_600_000);
  visibility.mockReturnValue("visible");
  document.dispatchEvent(new Event("visibilitychange"));
  expect(sources).toHaveLength(2);
  newest().open();
  expect(onOpen).toHaveBeenCalledTimes(2);
  stop();
});

test("messages are typed by their kind", () => {
  const { messages } = connect();
  newest().open();
  newest().say("telemetry", { total: 3 });
  newest().say("alert", { seq: 1 }, "1");
  newest().say("something-else", {});
  expect(messages.map((message) => message.kind)).toEqual(["telemetry", "alert"]);
});

test("stopped connection stays stopped", () => {
  const { connection } = connect();
  newest().open();
  newest().refuse();
  connection.stop();
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
});
