import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import { keys } from "@/shared/api/keys";
import { accepted, button } from "@/test/decisions";
import { assessment, atWork, caseView, report, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

test("approval is sent after its effect is confirmed", async () => {
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

test("cancelled confirmation sends nothing", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={caseView()} />);
  await user.click(screen.getByRole("radio", { name: "Clear" }));
  await user.type(screen.getByRole("textbox", { name: "Comment" }), "She rang us.");
  await user.click(button("Approve: clear…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Cancel" }));
  expect(calls).toEqual([]);
});

test("refund needs charges named by the assessment", () => {
  renderInApp(<DecisionPanel view={caseView()} />);
  expect(screen.getByRole("radio", { name: "Refund charges" })).toBeDisabled();
});

test("reason for no refund is visible without hovering", () => {
  renderInApp(<DecisionPanel view={caseView()} />);
  expect(screen.getByText("The assessment names no charges to refund.")).toBeVisible();
});

describe("overruling the assessment", () => {
  test("needs a reason code or a comment", async () => {
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

  test("says why clearing a critical rating needs two approvals", async () => {
    const user = userEvent.setup();
    const asked = { ...review(1), four_eyes_actions: ["lock_and_refund" as const, "clear" as const] };
    const benign = assessment({ recommended_action: "clear" });
    renderInApp(<DecisionPanel view={caseView({ review: asked, assessment: benign })} />);
    await user.click(button("Approve: clear…"));
    const dialog = await screen.findByRole("dialog");
    expect(dialog).toHaveTextContent("Give the first of two approvals?");
    expect(dialog).toHaveTextContent("Clearing a case that was rated critical needs two approvals.");
  });
});

describe("without evidence", () => {
  // Rated and recommended all the same.
  const unassessed = assessment({
    overall_risk_score: null,
    risk_level: "high",
    recommended_action: "lock_account",
    reports: [report({ status: "unavailable", risk_score: null })],
  });

  test("no action is recommended or preselected", async () => {
    const user = userEvent.setup();
    renderInApp(<DecisionPanel view={caseView({ assessment: unassessed })} />);
    expect(screen.getByText(/Not assessed: there is no evidence/)).toBeVisible();
    expect(screen.queryByText("High risk")).toBeNull();
    expect(screen.queryByText("Recommended")).toBeNull();
    for (const choice of screen.getAllByRole("radio")) expect(choice).not.toBeChecked();
    expect(button("Choose an action")).toBeDisabled();
    await user.click(screen.getByRole("radio", { name: "Lock account" }));
    expect(screen.getByRole("radio", { name: "Confirmed fraud" })).toBeChecked();
    expect(button("Approve: lock account…")).toBeEnabled();
  });

  test("score without supported findings does not count", () => {
    const finding = {
      statement: "It feels wrong.",
      evidence_ids: [],
      unsupported: true,
      unsupported_reason: null,
    };
    const baseless = assessment({ reports: [report({ findings: [finding] })] });
    renderInApp(<DecisionPanel view={caseView({ assessment: baseless })} />);
    expect(screen.getByText(/Not assessed/)).toBeVisible();
    for (const choice of screen.getAllByRole("radio")) expect(choice).not.toBeChecked();
  });
});

test("decision carries disposition, reason code and comment", async () => {
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

test("approval during an outage is not promised at once", async () => {
  const user = userEvent.setup();
  const { queries } = renderInApp(<DecisionPanel view={caseView()} />);
  const away = { ...atWork, scheduler_away_since: "2026-11-21T08:00:00Z" };
  queries.setQueryData(keys.service, away);
  await user.click(button("Approve: lock account…"));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("It is not done yet, because the scheduler does not answer.");
  expect(dialog).not.toHaveTextContent("at once");
});
