import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FraudCaseView, Decision, Hold } from "@/api/types";
import { button } from "@/test/decisions";
import { keys } from "@/shared/api/keys";
import { ben, caseView, config, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

const DECIDED: Decision = {
  review_id: review(1).review_id,
  assessment_hash: review(1).assessment_hash,
  verdict: "approve",
  action: "lock_account",
  feedback: null,
  reason_code: "account_takeover",
  decided_by: "ana",
  decided_at: "2026-11-21T09:00:00Z",
  disposition: "confirmed_fraud",
  comment: "The device is not hers.",
  approvals: null,
  held_until: "2026-11-21T09:00:05Z",
};

const hold = (over: Partial<Hold> = {}): Hold => ({
  review_id: DECIDED.review_id,
  action: "lock_account",
  decided_by: "ana",
  held_until: "2026-11-21T09:00:05Z",
  seconds_left: 5,
  ...over,
});

const heldCase = (over: Partial<Hold> = {}): FraudCaseView =>
  caseView({ review: null, decisions: [DECIDED], hold: hold(over) });

/** Lets time go by, in steps that the page can follow. */
function pass(milliseconds: number) {
  for (let passed = 0; passed < milliseconds; passed += 250) {
    act(() => {
      vi.advanceTimersByTime(250);
    });
  }
}

beforeEach(() => {
  sessionStorage.clear();
  // This computer is a year behind the server.
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "Date"],
    now: Date.parse("2025-11-21T09:00:00Z"),
  });
});

afterEach(() => vi.useRealTimers());

test("countdown follows the server's time, whatever the clock says", () => {
  renderInApp(<DecisionPanel view={heldCase()} />);
  expect(screen.getByRole("timer")).toHaveTextContent("5 s");
  pass(1000);
  expect(screen.getByRole("timer")).toHaveTextContent("4 s");
  pass(3500);
  expect(screen.getByRole("timer")).toHaveTextContent("1 s");
  pass(500);
  expect(screen.queryByRole("timer")).toBeNull();
  expect(screen.queryByRole("button", { name: "Take it back" })).toBeNull();
  expect(screen.getByRole("status")).toHaveTextContent(
    "is being carried out, and can no longer be taken back.",
  );
});

test("seconds are not announced", () => {
  renderInApp(<DecisionPanel view={heldCase()} />);
  const status = screen.getByRole("status");
  expect(status).toHaveTextContent(
    "Your approval is recorded: “lock account” is not done yet. You can still take it back.",
  );
  expect(within(status).queryByRole("timer")).toBeNull();
  expect(screen.getByRole("timer")).toHaveAttribute("aria-live", "off");
  const said = status.textContent;
  pass(3000);
  expect(status.textContent).toBe(said);
});

test("tab that was asleep shows that the time is over", () => {
  renderInApp(<DecisionPanel view={heldCase()} />);
  vi.setSystemTime(Date.now() + 3_600_000);
  pass(1000);
  expect(screen.queryByRole("button", { name: "Take it back" })).toBeNull();
});

test("a later answer of the server corrects the countdown", () => {
  const { rerender } = renderInApp(<DecisionPanel view={heldCase()} />);
  pass(1000);
  rerender(<DecisionPanel view={heldCase({ seconds_left: 1.5 })} />);
  expect(screen.getByRole("timer")).toHaveTextContent("2 s");
  pass(1500);
  expect(screen.queryByRole("timer")).toBeNull();
});

test("others see who can take it back", () => {
  renderInApp(<DecisionPanel view={heldCase()} />, ben);
  expect(screen.getByRole("status")).toHaveTextContent(
    "Ana approved this case: “lock account” is not done yet. Ana can still take it back.",
  );
  expect(screen.queryByRole("button")).toBeNull();
});

test("keyboard takes it back and the words return", async () => {
  vi.useRealTimers();
  const calls = serve(() => json(DECIDED));
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={heldCase()} />);
  await user.tab();
  expect(button("Take it back")).toHaveFocus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]).toMatchObject({ method: "DELETE", path: `/api/cases/${caseView().case_id}/decision` });
  rerender(<DecisionPanel view={caseView()} />);
  expect(await screen.findByDisplayValue("The device is not hers.")).toBeVisible();
  expect(screen.getByRole("combobox", { name: /Reason/ })).toHaveValue("Account takeover");
  expect(button("Approve: lock account…")).toBeEnabled();
});

test("words return when another tab takes it back", async () => {
  vi.useRealTimers();
  const accepted = {
    review_id: DECIDED.review_id,
    status: "accepted",
    approvals_given: 1,
    approvals_required: 1,
  };
  serve(() => json({ ...accepted, held_until: DECIDED.held_until }, 202));
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  await user.type(screen.getByRole("textbox", { name: /Comment/ }), "The device is not hers.");
  await user.click(button("Approve: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  await screen.findByText(/Your decision is recorded/);
  rerender(<DecisionPanel view={heldCase()} />);
  expect(button("Take it back")).toBeVisible();
  rerender(<DecisionPanel view={caseView()} />);
  expect(await screen.findByDisplayValue("The device is not hers.")).toBeVisible();
  expect(button("Approve: lock account…")).toBeEnabled();
});

test("confirmation says how long it can be taken back", async () => {
  vi.useRealTimers();
  const user = userEvent.setup();
  const { queries } = renderInApp(<DecisionPanel view={caseView()} />);
  act(() => {
    queries.setQueryData(keys.config, { ...config, decision_hold_seconds: 5 });
  });
  await user.click(button("Approve: lock account…"));
  expect(await screen.findByRole("dialog")).toHaveTextContent(
    "It is done in 5 seconds: until then you can take it back.",
  );
});

test("refusal is said in the server's words", async () => {
  vi.useRealTimers();
  const sentence = "The decision took effect at 09:00:05 UTC and can no longer be taken back.";
  serve(() => problem("decision-in-effect", 409, sentence));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={heldCase()} />);
  await user.click(button("Take it back"));
  expect(await screen.findByRole("alert")).toHaveTextContent(sentence);
});
