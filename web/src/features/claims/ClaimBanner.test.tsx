import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Claim } from "@/api/types";
import { ana, caseView, maria, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { ClaimBanner } from "./ClaimBanner";
import { renewalDelay } from "./use-lease-renewal";

const MINUTE = 60_000;

function claimOf(subject: string, minutes = 30): Claim {
  const now = Date.now();
  return {
    assignee: subject,
    claimed_at: new Date(now).toISOString(),
    expires_at: new Date(now + minutes * MINUTE).toISOString(),
  };
}

const button = (name: string | RegExp) => screen.getByRole("button", { name });

test("unassigned case is claimed with one click", async () => {
  const calls = serve(() => json(claimOf("ana")));
  renderInApp(<ClaimBanner view={caseView()} />);
  await userEvent.click(button("Claim"));
  await waitFor(() =>
    expect(calls[0]).toMatchObject({ method: "POST", path: `/api/cases/${caseView().case_id}/claim` }),
  );
});

test("lost race shows the server's sentence", async () => {
  const sentence =
    "Ben claimed this case at 09:12 UTC: ask Ben to release it, or let a manager take it over.";
  serve(() => problem("claimed-by-other", 409, sentence));
  renderInApp(<ClaimBanner view={caseView()} />);
  await userEvent.click(button("Claim"));
  expect(await screen.findByText(sentence)).toBeVisible();
});

test("analyst cannot take a case over", () => {
  renderInApp(<ClaimBanner view={caseView({ claim: claimOf("ben") })} />, ana);
  expect(screen.getByText("Ben works on this case")).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("manager takes a case over with a reason", async () => {
  const calls = serve(() => json(claimOf("maria")));
  const user = userEvent.setup();
  renderInApp(<ClaimBanner view={caseView({ claim: claimOf("ben") })} />, maria);
  await user.click(button("Take over…"));
  const confirm = await screen.findByRole("button", { name: "Take over" });
  expect(confirm).toBeDisabled();
  await user.type(screen.getByRole("textbox", { name: /Why/ }), "Ben is ill.");
  await user.click(confirm);
  await waitFor(() => expect(calls[0]?.body).toEqual({ reason: "Ben is ill." }));
});

test("a viewer is offered nothing", () => {
  renderInApp(<ClaimBanner view={caseView()} />, vera);
  expect(screen.getByText("Nobody works on this case.")).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

describe("the lease", () => {
  beforeEach(() => vi.useFakeTimers({ shouldAdvanceTime: false }));
  afterEach(() => vi.useRealTimers());

  test("is renewed after half its time, never after expiry", () => {
    const claim = claimOf("ana", 30);
    expect(renewalDelay(claim, 30 * MINUTE, Date.now())).toBe(15 * MINUTE);
    expect(renewalDelay(claim, 30 * MINUTE, Date.now() + 20 * MINUTE)).toBe(0);
    expect(renewalDelay(claim, 30 * MINUTE, Date.now() + 31 * MINUTE)).toBeUndefined();
  });

  test("is renewed while the tab has the focus", async () => {
    vi.spyOn(document, "hasFocus").mockReturnValue(true);
    const calls = serve(() => json(claimOf("ana")));
    renderInApp(<ClaimBanner view={caseView({ claim: claimOf("ana", 1) })} />);
    await act(() => vi.advanceTimersByTimeAsync(0.4 * MINUTE));
    expect(calls).toEqual([]);
    await act(() => vi.advanceTimersByTimeAsync(0.2 * MINUTE));
    expect(calls).toHaveLength(1);
  });

  test("waits for the focus before it is renewed", async () => {
    const focus = vi.spyOn(document, "hasFocus").mockReturnValue(false);
    const calls = serve(() => json(claimOf("ana")));
    renderInApp(<ClaimBanner view={caseView({ claim: claimOf("ana", 1) })} />);
    await act(() => vi.advanceTimersByTimeAsync(0.8 * MINUTE));
    expect(calls).toEqual([]);
    focus.mockReturnValue(true);
    window.dispatchEvent(new Event("focus"));
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(calls).toHaveLength(1);
  });
});
