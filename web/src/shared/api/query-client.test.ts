import { QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { ApiProblem } from "./problem";
import { createQueryClient, retryDelay } from "./query-client";

const KEY = ["cases", "one", "case-1"];

/** A query on screen whose readings are answered by hand. */
function observe() {
  const queries = createQueryClient();
  const answers: ((value: string) => void)[] = [];
  const read = vi.fn(() => new Promise<string>((resolve) => answers.push(resolve)));
  const observer = new QueryObserver(queries, { queryKey: KEY, queryFn: read });
  observer.subscribe(() => undefined);
  return { queries, read, answers, shown: () => observer.getCurrentResult().data };
}

test("first reading on its way is read again when invalidated", async () => {
  const { queries, read, answers, shown } = observe();
  void queries.invalidateQueries({ queryKey: KEY });
  answers[0]?.("before the change");
  await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2));
  expect(shown()).toBe("before the change");
  answers[1]?.("after the change");
  await vi.waitFor(() => expect(shown()).toBe("after the change"));
});

test("burst of changes reads again once", async () => {
  const { queries, read, answers } = observe();
  for (let change = 0; change < 5; change += 1) void queries.invalidateQueries();
  answers[0]?.("before the changes");
  await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2));
  answers[1]?.("after the changes");
  await vi.waitFor(() => expect(queries.isFetching()).toBe(0));
  expect(read).toHaveBeenCalledTimes(2);
});

test("reading without data that failed is read when invalidated", async () => {
  const queries = createQueryClient();
  const read = vi.fn().mockRejectedValueOnce(new Error("outage")).mockResolvedValue("back");
  const observer = new QueryObserver(queries, { queryKey: KEY, queryFn: read });
  observer.subscribe(() => undefined);
  void queries.invalidateQueries({ queryKey: KEY });
  await vi.waitFor(() => expect(observer.getCurrentResult().isError).toBe(true));
  void queries.invalidateQueries({ queryKey: KEY });
  await vi.waitFor(() => expect(observer.getCurrentResult().data).toBe("back"));
});

test("first reading is only marked as stale when asked so", async () => {
  const { queries, read, answers } = observe();
  void queries.invalidateQueries({ queryKey: KEY, refetchType: "none" });
  answers[0]?.("before the change");
  await vi.waitFor(() => expect(queries.getQueryState(KEY)?.isInvalidated).toBe(true));
  expect(read).toHaveBeenCalledTimes(1);
});

test("retry waits as long as the server asks for", async () => {
  const refused = (headers: HeadersInit) =>
    ApiProblem.fromResponse(new Response("{}", { status: 429, headers }));
  expect(retryDelay(0, await refused({ "Retry-After": "7" }))).toBe(7_000);
  expect(retryDelay(1, await refused({ "Retry-After": "1" }))).toBe(2_000);
  expect(retryDelay(0, await refused({}))).toBe(1_000);
  expect(retryDelay(0, new Error("outage"))).toBe(1_000);
  expect(createQueryClient().getDefaultOptions().queries?.retryDelay).toBe(retryDelay);
});
