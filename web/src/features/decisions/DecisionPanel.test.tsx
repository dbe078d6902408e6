import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { CaseView } from "@/api/types";
import { keys } from "@/shared/api/keys";
import {
  ana,
  assessment,
  atWork,
  ben,
  caseEvent,
  caseView,
  maria,
  OTHER_HASH,
  report,
  review,
  vera,
} from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

const answer = (status: "accepted" | "awaiting_second_approval") =>
  json({ review_id: review(1).review_id, status, approvals_given: 1, approvals_required: 2 }, 202);
const accepted = () => answer("accepted");
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
      disposition: "confirmed_fraud",
    },
  });
  expect(await screen.findByText(/Your decision is recorded/)).toBeVisible();
});

test("cancelling the confirmation sends nothing", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(screen.getByRole("radio", { name: "Clear" }));
  await user.type(screen.getByRole("textbox", { name: "Comment" }), "She rang us.");
  await user.click(button("Approve: clear…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Cancel" }));
  expect(calls).toEqual([]);
});

test("a refund cannot be chosen when the assessment names no charges", () => {
  renderInApp(<DecisionPanel view={caseView()} />);
  expect(screen.getByRole("radio", { name: "Refund charges" })).toBeDisabled();
});

describe("what was typed", () => {
  beforeEach(() => sessionStorage.clear());

  async function type(words: string) {
    const user = userEvent.setup();
    const { unmount } = renderInApp(<DecisionPanel view={caseView()} />);
    await user.click(button("Reject with feedback"));
    await user.type(screen.getByRole("textbox"), words);
    unmount();
  }

  test("is there again after a reload, and gone once it was sent", async () => {
    await type("Check the ticket.");
    serve(accepted);
    const { unmount } = renderInApp(<DecisionPanel view={caseView()} />);
    expect(screen.getByRole("textbox")).toHaveValue("Check the ticket.");
    await userEvent.click(button("Reject and start round 2"));
    await screen.findByText(/Your/);
    unmount();
    renderInApp(<DecisionPanel view={caseView()} />);
    expect(screen.queryByText("Check the ticket.")).toBeNull();
    expect(button("Reject with feedback")).toBeVisible();
  });

  test("is never shown to another person", async () => {
    await type("Check the ticket.");
    renderInApp(<DecisionPanel view={caseView()} />, ben);
    expect(screen.queryByText("Check the ticket.")).toBeNull();
    expect(button("Reject with feedback")).toBeVisible();
  });

  test("for an older round is offered, and not put into the new one", async () => {
    await type("Check the ticket.");
    const user = userEvent.setup();
    renderInApp(<DecisionPanel view={caseView({ round: 2, review: review(2, OTHER_HASH) })} />);
    expect(screen.getByText("You had typed for another question")).toBeVisible();
    expect(button("Reject with feedback")).toBeVisible();
    await user.click(button("Use it here"));
    expect(screen.getByRole("textbox")).toHaveValue("Check the ticket.");
  });

  test("stays on the page when there is no room to keep it", async () => {
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    const user = userEvent.setup();
    renderInApp(<DecisionPanel view={caseView()} />);
    await user.click(button("Reject with feedback"));
    await user.type(screen.getByRole("textbox"), "Words.");
    expect(screen.getByRole("textbox")).toHaveValue("Words.");
  });
});

describe("overruling the assessment", () => {
  test("takes a reason, in a code or in words", async () => {
    const calls = serve(accepted);
    const user = userEvent.setup();
    renderInApp(<DecisionPanel view={caseView()} />);
    await user.click(screen.getByRole("radio", { name: "Clear" }));
    expect(screen.getByText(/Recommended is “lock account”/)).toBeVisible();
    expect(button("Approve: clear…")).toBeDisabled();
    await user.type(screen.getByRole("textbox", { name: "Comment" }), "She rang us.");
    await user.click(button("Approve: clear…"));
    await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Clear" }));
    await waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]?.body).toMatchObject({ action: "clear", comment: "She rang us." });
  });

  test("says why clearing what was rated critical takes two people", async () => {
    const user = userEvent.setup();
    const asked = { ...review(1), four_eyes_actions: ["lock_and_refund" as const, "clear" as const] };
    const calm = assessment({ recommended_action: "clear" });
    renderInApp(<DecisionPanel view={caseView({ review: asked, assessment: calm })} />);
    await user.click(button("Approve: clear…"));
    const dialog = await screen.findByRole("dialog");
    expect(dialog).toHaveTextContent("Approve as the first of two people?");
    expect(dialog).toHaveTextContent("Clearing what was rated critical takes two people.");
  });
});

describe("without evidence", () => {
  // As an earlier release recorded it: rated and recommended all the same.
  const unjudged = assessment({
    overall_risk_score: null,
    risk_level: "high",
    recommended_action: "lock_account",
    reports: [report({ status: "unavailable", risk_score: null })],
  });

  test("nothing is proposed and nothing is preselected", async () => {
    const user = userEvent.setup();
    renderInApp(<DecisionPanel view={caseView({ assessment: unjudged })} />);
    expect(screen.getByText(/Not judged: there is no evidence/)).toBeVisible();
    expect(screen.queryByText("High risk")).toBeNull();
    expect(screen.queryByText("Recommended")).toBeNull();
    for (const choice of screen.getAllByRole("radio")) expect(choice).not.toBeChecked();
    expect(button("Choose an action")).toBeDisabled();
    await user.click(screen.getByRole("radio", { name: "Lock account" }));
    expect(screen.getByRole("radio", { name: "Confirmed fraud" })).toBeChecked();
    expect(button("Approve: lock account…")).toBeEnabled();
  });

  test("a score that rests on nothing counts for nothing", () => {
    const finding = { statement: "It feels wrong.", evidence_ids: [], unsupported: true };
    const baseless = assessment({ reports: [report({ findings: [finding] })] });
    renderInApp(<DecisionPanel view={caseView({ assessment: baseless })} />);
    expect(screen.getByText(/Not judged/)).toBeVisible();
    for (const choice of screen.getAllByRole("radio")) expect(choice).not.toBeChecked();
  });
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

test("when another assessment takes the place of the one that was read, what was typed stays and nothing is sent unseen", async () => {
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

test("an approval that was about to be confirmed does not outlive the assessment that it was for", async () => {
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

test("an answer carries what the case was, why, and a comment", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(screen.getByRole("radio", { name: "Clear" }));
  expect(screen.getByRole("radio", { name: "False positive" })).toBeChecked();
  await user.click(screen.getByRole("radio", { name: "Inconclusive" }));
  await user.click(screen.getByRole("combobox", { name: "Reason" }));
  await user.click(await screen.findByRole("option", { name: "Evidence conflicts" }));
  await user.type(screen.getByRole("textbox", { name: "Comment" }), "Two stories, one device.");
  await user.click(button("Approve: clear…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Clear" }));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]?.body).toMatchObject({
    action: "clear",
    disposition: "inconclusive",
    reason_code: "evidence_conflicts",
    comment: "Two stories, one device.",
  });
});

const decidedByBen = (round: number, verdict: "approve" | "reject") => ({
  review_id: review(round).review_id,
  assessment_hash: review(round).assessment_hash,
  verdict,
  action: verdict === "approve" ? ("lock_account" as const) : null,
  feedback: verdict === "approve" ? null : "Look again.",
  reason_code: null,
  decided_by: "ben",
  decided_at: "2026-11-21T09:00:00Z",
});

test("the last rejection that analysts have says that a manager is asked next", async () => {
  const user = userEvent.setup();
  const decisions = [decidedByBen(1, "reject"), decidedByBen(2, "reject")];
  renderInApp(<DecisionPanel view={caseView({ round: 3, review: review(3), decisions })} />);
  await user.click(button("Reject with feedback"));
  expect(button("Reject and ask a manager")).toBeEnabled();
  expect(screen.getByText(/after your words a manager decides/)).toBeVisible();
});

test("a decision by somebody else is named", () => {
  const { rerender } = renderInApp(<DecisionPanel view={caseView()} />);
  const decision = decidedByBen(1, "approve");
  rerender(<DecisionPanel view={caseView({ review: null, decisions: [decision] })} />);
  expect(screen.getByRole("alert")).toHaveTextContent("Ben approved this case while you were reading.");
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

const approvalBy = (subject: string) => ({
  approved_by: subject,
  approved_at: "2026-11-21T08:30:00Z",
  comment: "The device is new.",
});

const proposed = (by: string) =>
  caseView({
    review: { ...review(1), four_eyes_actions: ["lock_account", "lock_and_refund"] },
    proposal: {
      review_id: review(1).review_id,
      action: "lock_account",
      approvals: [approvalBy(by)],
      disposition: "confirmed_fraud",
    },
  });

test("the first of two approvals says that nothing is done yet", async () => {
  const calls = serve(() => answer("awaiting_second_approval"));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={{ ...proposed("ana"), proposal: null }} />);
  await user.click(button("Approve: lock account…"));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("Nothing is done yet: it waits for another person to agree.");
  await user.click(within(dialog).getByRole("button", { name: "Lock account" }));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(screen.queryByText(/Your decision is recorded/)).toBeNull();
});

test("the second person sees who approved, and approves the same", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={proposed("ana")} />, ben);
  expect(screen.getByText("Lock account needs two people")).toBeVisible();
  expect(screen.getByText("“The device is new.”")).toBeVisible();
  expect(screen.getByText(/Second approval missing/)).toHaveTextContent("Ben or Maria");
  expect(screen.queryByRole("radio", { name: "Clear" })).toBeNull();
  await user.click(button("Approve as second: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]?.body).toMatchObject({
    verdict: "approve",
    action: "lock_account",
    disposition: "confirmed_fraud",
  });
});

test("who gave the first approval is not warned when the second one comes", () => {
  const { rerender } = renderInApp(<DecisionPanel view={proposed("ana")} />, ana);
  const decision = {
    review_id: review(1).review_id,
    assessment_hash: review(1).assessment_hash,
    verdict: "approve" as const,
    action: "lock_account" as const,
    feedback: null,
    reason_code: null,
    decided_by: "ben",
    decided_at: "2026-11-21T09:00:00Z",
    disposition: "confirmed_fraud" as const,
    approvals: [approvalBy("ana"), approvalBy("ben")],
  };
  const closed = { state: "closed", review: null, outcome: "account_locked" } as const;
  rerender(<DecisionPanel view={caseView({ ...closed, decisions: [decision] })} />);
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByText(/Decided by Ana and Ben/)).toBeVisible();
});

test("nobody approves a proposal of their own, but can take it back", async () => {
  const calls = serve(() => new Response(null, { status: 204 }));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={proposed("ana")} />, ana);
  expect(screen.getByText(/You cannot approve what you proposed yourself/)).toBeVisible();
  expect(screen.queryByRole("button", { name: /^Approve/ })).toBeNull();
  await user.click(button("Withdraw my approval"));
  await waitFor(() =>
    expect(calls[0]).toMatchObject({ method: "DELETE", path: `/api/cases/${caseView().case_id}/proposal` }),
  );
});

test("while another person works on the case, it can be read and what was typed is kept", async () => {
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
])("$who.name is told why not, when a $required is asked", ({ who, required, sentence }) => {
  const asked = { ...review(1), required_role: required };
  renderInApp(<DecisionPanel view={caseView({ state: "escalated", review: asked })} />, who);
  expect(screen.getByText(sentence)).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("deadline, reminder and escalation are told", () => {
  const asked = { ...review(1), required_role: "manager" as const, remind_at: "2026-11-23T08:00:00Z" };
  const events = [
    caseEvent({
      type: "escalated",
      at: "2026-11-21T10:00:00Z",
      data: { round: 1, reason: "Nobody decided in time." },
    }),
  ];
  renderInApp(
    <DecisionPanel view={caseView({ state: "escalated", review: asked })} events={events} />,
    maria,
  );
  expect(screen.getByText("Nobody decided in time.")).toBeVisible();
  expect(screen.getByText(/closes as unresolved and nothing is done/)).toBeVisible();
  expect(screen.getByText("Reminder")).toBeVisible();
});

test("an unresolved case is loud", () => {
  renderInApp(<DecisionPanel view={caseView({ state: "closed", review: null, outcome: "unresolved" })} />);
  expect(screen.getByText(/Nobody decided in time. Nothing was done/)).toBeVisible();
});

describe("a case whose investigation broke again and again", () => {
  const asked = { ...review(1), required_role: "manager" as const, remind_at: "2026-11-23T08:00:00Z" };
  const broke = (breaks: number) =>
    caseEvent({ type: "orchestration_failed", at: "2026-11-21T10:00:00Z", data: { round: 1, breaks } });
  const decision: CaseView["decisions"][number] = {
    review_id: review(1).review_id,
    assessment_hash: review(1).assessment_hash,
    verdict: "approve",
    action: "lock_account",
    feedback: null,
    decided_by: "maria",
    decided_at: "2026-11-21T11:00:00Z",
    comment: null,
    reason_code: null,
  };
  const shown = (breaks: number, over: Parameters<typeof caseView>[0] = {}) =>
    renderInApp(
      <DecisionPanel
        view={caseView({ state: "escalated", review: asked, ...over })}
        events={[broke(breaks)]}
      />,
      maria,
    );

  test("is said to be tried once an hour, so that what follows may come late", () => {
    shown(3);
    expect(
      screen.getByText(/closes as unresolved.* broke 3 times and is tried again once an hour/),
    ).toBeVisible();
    expect(screen.queryByText("Reminder")).toBeNull();
  });

  test("is said to rest when it breaks again after the decision", () => {
    const decisions = [{ ...decision, decided_at: "2026-11-21T09:00:00Z" }];
    shown(3, { state: "acting", review: null, decisions });
    expect(screen.getByRole("status")).toHaveTextContent(/is being carried out\. .*tried again once an hour/);
  });

  test("goes on as usual while it broke less often", () => {
    shown(2);
    expect(screen.getByText(/closes as unresolved and nothing is done/)).toBeVisible();
    expect(screen.queryByText(/once an hour/)).toBeNull();
    expect(screen.getByText("Reminder")).toBeVisible();
  });

  test("goes on by itself again once a person has decided", () => {
    shown(3, { decisions: [decision] });
    expect(screen.getByText(/closes as unresolved/)).toBeVisible();
    expect(screen.queryByText(/once an hour/)).toBeNull();
  });
});

test("a deadline after something was done does not say that nothing is done", () => {
  const done = { key: "k", action: "lock_account" as const, status: "done" as const, result: null };
  const asked = { ...review(1), required_role: "manager" as const };
  renderInApp(
    <DecisionPanel view={caseView({ state: "escalated", review: asked, effects: [done] })} />,
    maria,
  );
  expect(screen.getByText(/closes as unresolved and nothing more is done/)).toBeVisible();
});

test("while nothing goes on, an approval is not said to be done at once", async () => {
  const user = userEvent.setup();
  const { queries } = renderInApp(<DecisionPanel view={caseView()} />);
  const away = { ...atWork, scheduler_away_since: "2026-11-21T08:00:00Z" };
  queries.setQueryData(keys.service, away);
  await user.click(button("Approve: lock account…"));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("It is not done yet, because the scheduler does not answer.");
  expect(dialog).not.toHaveTextContent("at once");
});

test("why nothing can be refunded is said to everybody, not only on hover", () => {
  renderInApp(<DecisionPanel view={caseView()} />);
  expect(screen.getByText("The assessment names no charges to refund.")).toBeVisible();
});
