import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { accepted, answer, button } from "@/test/decisions";
import { ana, ben, caseView, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

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

test("first of two approvals says nothing is done yet", async () => {
  const calls = serve(() => answer("awaiting_second_approval"));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={{ ...proposed("ana"), proposal: null }} />);
  await user.click(button("Approve: lock account…"));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("Nothing is done yet: it waits for another person to approve.");
  await user.click(within(dialog).getByRole("button", { name: "Lock account" }));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(screen.queryByText(/Your decision is recorded/)).toBeNull();
});

test("second approver sees the first approval and repeats it", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={proposed("ana")} />, ben);
  expect(screen.getByText("Lock account needs two approvals")).toBeVisible();
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

test("first approver is not warned of the second approval", () => {
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
    comment: null,
    approvals: [approvalBy("ana"), approvalBy("ben")],
  };
  const closed = { state: "closed", review: null, outcome: "account_locked" } as const;
  rerender(<DecisionPanel view={caseView({ ...closed, decisions: [decision] })} />);
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByText(/Decided by Ana and Ben/)).toBeVisible();
});

test("first approver can withdraw but not approve again", async () => {
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
