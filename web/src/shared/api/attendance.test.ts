import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { json } from "@/test/server";
import { ATTENDED_MS, isUnattended } from "./attendance";
import { api } from "./client";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  window.dispatchEvent(new Event("keydown"));
});
afterEach(() => {
  vi.useRealTimers();
});

test("page is unattended a minute after the last key, click or move", () => {
  for (const sign of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
    vi.setSystemTime(Date.now() + ATTENDED_MS + 1);
    expect(isUnattended()).toBe(true);
    window.dispatchEvent(new Event(sign));
    expect(isUnattended()).toBe(false);
  }
});

test("only what a page asks for by itself says so", async () => {
  const said: (string | null)[] = [];
  vi.stubGlobal("fetch", (request: Request) => {
    said.push(request.headers.get("Casewright-Unattended"));
    return Promise.resolve(json({ items: [], total: 0, current: null }));
  });
  for (const ms of [0, ATTENDED_MS + 1]) {
    vi.setSystemTime(Date.now() + ms);
    await api.GET("/api/sessions");
  }
  expect(said).toEqual([null, "1"]);
});
