import { beforeEach, expect, test, vi } from "vitest";
import { ApiProblem } from "@/shared/api/problem";
import { loadPage, type BrowserEnvironment } from "./load-page";

beforeEach(() => sessionStorage.clear());

const lost = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module: /assets/x.js"));
const around = (over: Partial<BrowserEnvironment> = {}) => ({
  isAnswering: vi.fn(() => Promise.resolve(true)),
  isOtherRelease: vi.fn(() => Promise.resolve(false)),
  reload: vi.fn(),
  pause: vi.fn(() => Promise.resolve()),
  ...over,
});

test("page waits for an unreachable server without reloading", async () => {
  let away = 3;
  const answers = around({ isAnswering: vi.fn(() => Promise.resolve(--away < 0)) });
  const load = vi.fn<() => Promise<string>>(() => (away > 0 ? lost() : Promise.resolve("page")));
  expect(await loadPage(load, answers)).toBe("page");
  expect(answers.reload).not.toHaveBeenCalled();
  expect(answers.isOtherRelease).not.toHaveBeenCalled();
});

test("new release reloads the tab once a minute", async () => {
  let noteReload: () => void = vi.fn();
  const reloaded = new Promise<void>((done) => (noteReload = done));
  const answers = around({
    isOtherRelease: vi.fn(() => Promise.resolve(true)),
    reload: vi.fn(() => {
      noteReload();
    }),
  });
  void loadPage(lost, answers);
  await reloaded;
  expect(answers.reload).toHaveBeenCalledTimes(1);
  await expect(loadPage(lost, answers)).rejects.toBeInstanceOf(ApiProblem);
  expect(answers.reload).toHaveBeenCalledTimes(1);
});

test("missing file is reported in our own words", async () => {
  await expect(loadPage(lost, around())).rejects.toThrow(/cannot be loaded/);
});
