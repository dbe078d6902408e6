import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { caseView, OTHER_HASH, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

const accepted = () => json({ review_id: "x", status: "accepted" }, 202);
const button = (name: string | RegExp) => screen.getByRole("button", { name });

test("an approval is sent only after its exact consequence was confirmed", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Approve: lock account…"));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("Locks the account of customer 42.");
  expect(calls).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: "Lock account" }));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]).toEqual({
    method: "POST",
    path: "/api/workflow/decision",
    query: "",
    body: {
      review_id: "case-impossible_travel-42-20261121t080000z:r1",
      assessment_hash: review(1).assessment_hash,
      verdict: "approve",
      action: "lock_account",
    },
  });
  expect(await screen.findByText(/Your decision is recorded/)).toBeVisible();
});

test("cancelling the confirmation sends nothing", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(screen.getByRole("radio", { name: "Clear" }));
  await user.click(button("Approve: clear…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Cancel" }));
  expect(calls).toEqual([]);
});

test("a refund cannot be chosen when the assessment names no charges", () => {
  renderInApp(<DecisionPanel view={caseView()} />);
  expect(screen.getByRole("radio", { name: "Refund charges" })).toBeDisabled();
});

test("a rejection needs words", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Reject with feedback"));
  await user.click(button("Reject and start round 2"));
  expect(screen.getByText(/Feedback is needed/)).toBeVisible();
  expect(calls).toEqual([]);
  await user.type(screen.getByRole("textbox"), "  Check the travel ticket. ");
  await user.click(button("Reject and start round 2"));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]?.body).toMatchObject({ verdict: "reject", feedback: "Check the travel ticket." });
});

test("a refusal is shown in the server's sentence", async () => {
  const sentence = "This review was answered already, by 'ana'.";
  serve(() => problem("already-decided", 409, sentence));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(button("Approve: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  expect(await screen.findByText(sentence)).toBeVisible();
});

test("when another assessment takes the place of the one that was read, nothing can be answered unseen", async () => {
  const user = userEvent.setup();
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  rerender(<DecisionPanel view={caseView({ round: 2, review: review(2, OTHER_HASH) })} />);
  expect(screen.getByRole("alert")).toHaveTextContent("it is in round 2 with another assessment");
  expect(screen.queryByRole("button", { name: /Approve/ })).toBeNull();
  await user.click(button("Show it as it is now"));
  expect(button("Approve: lock account…")).toBeEnabled();
});

test("a decision by somebody else is named", () => {
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  const decision = {
    review_id: review(1).review_id,
    assessment_hash: review(1).assessment_hash,
    verdict: "approve" as const,
    action: "lock_account" as const,
    feedback: null,
    reason_code: null,
    decided_by: "ana",
    decided_at: "2026-11-21T09:00:00Z",
  };
  rerender(<DecisionPanel view={caseView({ review: null, decisions: [decision] })} />);
  expect(screen.getByRole("alert")).toHaveTextContent("ana approved this case while you were reading.");
});

test("the round that follows one's own rejection needs no warning", async () => {
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

test("while the specialists work there is nothing to click", () => {
  renderInApp(<DecisionPanel view={caseView({ state: "investigating", review: null, assessment: null })} />);
  expect(screen.getByText(/specialists are at work/)).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("a closed case shows its outcome", () => {
  renderInApp(<DecisionPanel view={caseView({ state: "closed", review: null, outcome: "auto_cleared" })} />);
  expect(screen.getByText("Cleared automatically")).toBeVisible();
  expect(screen.getByText(/No person was asked/)).toBeVisible();
});
