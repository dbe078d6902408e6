import { useQuery } from "@tanstack/react-query";
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { FraudCaseView } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { accepted, button, decidedByBen } from "@/test/decisions";
import { alert, ana, caseAlert, caseView, OTHER_HASH, review, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

/** The panel over the case as it was fetched last. */
function FetchedPanel() {
  const shown = useQuery({
    queryKey: keys.case(caseView().case_id),
    queryFn: async () => bodyOf(await api.GET("/api/cases/{case_id}", { params: { path: caseView() } })),
    initialData: caseView(),
    staleTime: Infinity,
  });
  return <DecisionPanel view={shown.data as FraudCaseView} />;
}

test("refused decision shows the server's sentence", async () => {
  const sentence = "This review was answered already, by 'ana'.";
  serve(() => problem("already-decided", 409, sentence));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Approve: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  expect(await screen.findByText(sentence)).toBeVisible();
});

test("case is fetched again before it counts as reloaded", async () => {
  let current: (response: Response) => void = () => undefined;
  const calls = serve(({ method }) => {
    if (method === "POST")
      return problem("already-decided", 409, "This review was answered already, by 'ben'.");
    // What is fetched after a refusal is still the case of before, as behind a replica that lags.
    if (calls.filter((call) => call.method === "GET").length === 1) return json(caseView());
    return new Promise<Response>((resolve) => (current = resolve));
  });
  const user = userEvent.setup();
  renderInApp(<FetchedPanel />);
  await user.click(button("Approve: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  await user.click(await screen.findByRole("button", { name: "Reload the case" }));
  expect(screen.getByRole("alert")).toHaveTextContent("answered already");
  const decided = { state: "closed", review: null, outcome: "cleared" } as const;
  current(json(caseView({ ...decided, decisions: [decidedByBen(1, "approve")] })));
  expect(await screen.findByText("Cleared")).toBeVisible();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("case that cannot be fetched keeps the refusal", async () => {
  serve(({ method }) =>
    method === "POST"
      ? problem("already-decided", 409, "This review was answered already, by 'ben'.")
      : problem("casebook-unavailable", 503, "The casebook does not answer."),
  );
  const user = userEvent.setup();
  renderInApp(<FetchedPanel />);
  await user.click(button("Approve: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  await user.click(await screen.findByRole("button", { name: "Reload the case" }));
  expect(await screen.findByText("The casebook does not answer.")).toBeVisible();
  expect(screen.getByText(/answered already/)).toBeVisible();
});

test("stale review keeps the draft and blocks sending", async () => {
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Reject with feedback"));
  await user.type(screen.getByRole("textbox"), "Check the travel ticket.");
  rerender(<DecisionPanel view={caseView({ round: 2, review: review(2, OTHER_HASH) })} />);
  expect(screen.getByRole("alert")).toHaveTextContent("it is in round 2 with another assessment");
  expect(screen.getByRole("textbox")).toHaveValue("Check the travel ticket.");
  expect(button("Reject and start round 3")).toBeDisabled();
  await user.click(button("Look at the new assessment"));
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByRole("textbox")).toHaveValue("Check the travel ticket.");
  expect(button("Reject and start round 3")).toBeEnabled();
});

test("new evidence is named and the draft is kept", async () => {
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Reject with feedback"));
  await user.type(screen.getByRole("textbox"), "Check the travel ticket.");
  const joined = caseAlert({ alert: alert({ description: "A new device logged in." }), round: null });
  const alerts = [caseAlert(), joined];
  rerender(<DecisionPanel view={caseView({ state: "investigating", review: null, alerts })} />);
  expect(screen.getByRole("alert")).toHaveTextContent(
    "New evidence joined this case while you were reading: A new device logged in. What you typed is kept. It is being investigated, and you are asked again.",
  );
  expect(screen.getByText("Check the travel ticket.")).toBeVisible();
  const next = [caseAlert(), { ...joined, round: 2 }];
  rerender(<DecisionPanel view={caseView({ round: 2, review: review(2, OTHER_HASH), alerts: next })} />);
  expect(screen.getByRole("alert")).toHaveTextContent("Look at the new assessment before you answer.");
  expect(screen.getByRole("textbox")).toHaveValue("Check the travel ticket.");
});

test("open confirmation closes when the assessment changes", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Approve: lock account…"));
  await screen.findByRole("dialog");
  rerender(<DecisionPanel view={caseView({ round: 2, review: review(2, OTHER_HASH) })} />);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(button("Approve: lock account…")).toBeDisabled();
  await user.click(button("Look at the new assessment"));
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(button("Approve: lock account…")).toBeEnabled();
  expect(calls).toEqual([]);
});

test("decision by another person is announced", () => {
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  const decision = decidedByBen(1, "approve");
  rerender(<DecisionPanel view={caseView({ review: null, decisions: [decision] })} />);
  expect(screen.getByRole("alert")).toHaveTextContent("Ben approved this case while you were reading.");
});

test("round after one's own rejection shows no warning", async () => {
  serve(accepted);
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Reject with feedback"));
  await user.type(screen.getByRole("textbox"), "Look again.");
  await user.click(button("Reject and start round 2"));
  await screen.findByText(/Your feedback is recorded/);
  rerender(<DecisionPanel view={caseView({ state: "investigating", round: 2, review: null })} />);
  expect(screen.queryByRole("alert")).toBeNull();
  rerender(<DecisionPanel view={caseView({ round: 2, review: review(2, OTHER_HASH) })} />);
  expect(screen.queryByRole("alert")).toBeNull();
  expect(button("Approve: lock account…")).toBeEnabled();
});

test("stream that is faster than the answer takes no focus", async () => {
  serve(() => new Promise<Response>(() => undefined));
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Approve: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  rerender(<DecisionPanel view={caseView({ review: null, decisions: [decidedByBen(1, "approve")] })} />);
  expect(screen.queryByRole("alert")).toBeNull();
  await waitFor(() => expect(document.getElementById("decision")).toHaveFocus());
});

test("approval taken back before it is answered can be given again", async () => {
  let answer: ((response: Response) => void) | undefined;
  serve(() => new Promise<Response>((resolve) => (answer = resolve)));
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  await user.type(screen.getByRole("textbox", { name: /Comment/ }), "Not hers.");
  await user.click(button("Approve: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  rerender(<DecisionPanel view={caseView({ review: null, decisions: [decidedByBen(1, "approve")] })} />);
  rerender(<DecisionPanel view={caseView()} />);
  answer?.(accepted());
  await waitFor(() => expect(button("Approve: lock account…")).toBeEnabled());
  expect(screen.getByRole("textbox", { name: /Comment/ })).toHaveValue("Not hers.");
});

test("running investigation offers no decision", () => {
  renderInApp(<DecisionPanel view={caseView({ state: "investigating", review: null, assessment: null })} />);
  expect(screen.getByText(/specialists are at work/)).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("closed case shows its outcome", () => {
  renderInApp(<DecisionPanel view={caseView({ state: "closed", review: null, outcome: "auto_cleared" })} />);
  expect(screen.getByText("Cleared automatically")).toBeVisible();
  expect(screen.getByText(/No person was asked/)).toBeVisible();
});

test("case of another assignee is read-only and keeps drafts", async () => {
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Reject with feedback"));
  await user.type(screen.getByRole("textbox"), "Ask the bank.");
  const claim = { assignee: "ben", claimed_at: "2026-11-21T08:30:00Z", expires_at: "2126-11-21T09:00:00Z" };
  rerender(<DecisionPanel view={caseView({ claim })} />);
  expect(screen.getByText("Ben works on this case: only they can decide it now.")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Reject|Approve/ })).toBeNull();
  expect(screen.getByText("Ask the bank.")).toBeVisible();
});

test.each([
  { who: vera, required: "analyst" as const, sentence: "You can read this case; an analyst decides it." },
  {
    who: ana,
    required: "manager" as const,
    sentence: "Only a manager can decide this case: it was escalated.",
  },
])("$who.name is told why a $required must decide", ({ who, required, sentence }) => {
  const asked = { ...review(1), required_role: required };
  renderInApp(<DecisionPanel view={caseView({ state: "escalated", review: asked })} />, who);
  expect(screen.getByText(sentence)).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("unresolved case shows a warning", () => {
  renderInApp(<DecisionPanel view={caseView({ state: "closed", review: null, outcome: "unresolved" })} />);
  expect(screen.getByText(/Nobody decided in time. Nothing was done/)).toBeVisible();
});
