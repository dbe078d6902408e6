import { act, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import type { ServiceStatus } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { LiveConnection, type EventSourceLike } from "@/shared/live/connection";
import { LiveContext } from "@/shared/live/context";
import { atWork } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { LiveIndicator } from "./LiveIndicator";
import { ServiceBanner } from "./ServiceBanner";

const SINCE = "2026-11-21T08:00:00Z";

/** A stream that opens and drops when told to. */
class Stream implements EventSourceLike {
  readyState = 0;
  readonly #listeners = new Map<string, (event: Event) => void>();

  addEventListener(type: string, listener: (event: Event) => void): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.readyState = 2;
  }

  emit(type: "open" | "error"): void {
    this.#listeners.get(type)?.(new Event(type));
  }
}

function renderHeader(status: Partial<ServiceStatus> = {}) {
  const stream = new Stream();
  const connection = new LiveConnection({ url: "/api/events/stream", open: () => stream });
  const { queries } = renderInApp(
    <LiveContext value={connection}>
      <LiveIndicator />
      <ServiceBanner />
    </LiveContext>,
  );
  act(() => {
    connection.start();
    stream.emit("open");
  });
  const say = (next: Partial<ServiceStatus>) =>
    act(async () => {
      queries.setQueryData(keys.service, { ...atWork, ...next });
      // What is told of a query comes in a task of its own.
      await new Promise((done) => setTimeout(done));
    });
  return { stream, say, ready: say(status) };
}

test("healthy service shows no banner", async () => {
  await renderHeader().ready;
  expect(screen.getByText("Live")).toBeVisible();
  expect(screen.queryByRole("alert")).toBeNull();
});

test.each<[string, Partial<ServiceStatus>, RegExp]>([
  [
    "the scheduler",
    { scheduler_away_since: SINCE },
    /scheduler has not answered since .*no investigation goes on/,
  ],
  [
    "a scheduler of its own",
    { hub_taken_since: SINCE },
    /scheduler has done the work of another casebook since .*waiting does not help/,
  ],
  ["every worker", { worker_away_since: SINCE }, /No worker has been at work since .*running work is paused/],
  [
    "whoever begins one case",
    { not_begun: 1, not_begun_since: SINCE },
    /A case has waited to be investigated since .*no worker has begun/,
  ],
  [
    "whoever begins several",
    { not_begun: 3, not_begun_since: SINCE },
    /3 cases have waited to be investigated since .*no worker has begun/,
  ],
])("says that %s is away until it is back", async (_, status, sentence) => {
  const { say, ready } = renderHeader(status);
  await ready;
  expect(screen.getByRole("alert")).toHaveTextContent(sentence);
  expect(screen.getByText("Interrupted")).toBeVisible();
  expect(screen.queryByText("Live")).toBeNull();
  await say({});
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByText("Live")).toBeVisible();
});

test("answering scheduler is not reported as away", async () => {
  await renderHeader({ hub_taken_since: SINCE, not_begun: 2 }).ready;
  const banner = screen.getByRole("alert");
  expect(banner).not.toHaveTextContent(/has not answered/);
  expect(banner).not.toHaveTextContent(/waited to be investigated/);
});

test("reports scheduler and workers together", async () => {
  await renderHeader({ scheduler_away_since: SINCE, worker_away_since: SINCE, not_begun: 2 }).ready;
  const banner = screen.getByRole("alert");
  expect(banner).toHaveTextContent(/scheduler has not answered/);
  expect(banner).toHaveTextContent(/No worker has been at work/);
  expect(banner).not.toHaveTextContent(/waited to be investigated/);
});

test("lost server hides what it said before", async () => {
  const { stream, ready } = renderHeader({ worker_away_since: SINCE });
  await ready;
  act(() => stream.emit("error"));
  expect(screen.getByRole("alert")).toHaveTextContent(/server has not answered since .*may be out of date/);
  expect(screen.getByRole("alert")).not.toHaveTextContent(/worker/);
  expect(screen.getByText("Reconnecting…")).toBeVisible();
  act(() => stream.emit("open"));
  expect(screen.getByRole("alert")).toHaveTextContent(/No worker has been at work/);
});
