import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { accepted, button, decidedByBen } from "@/test/decisions";
import { caseView, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

test("rejection needs feedback", async () => {
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

test("last rejection says that it escalates to a manager", async () => {
  const user = userEvent.setup();
  const decisions = [decidedByBen(1, "reject"), decidedByBen(2, "reject")];
  renderInApp(<DecisionPanel view={caseView({ round: 3, review: review(3), decisions })} />);
  await user.click(button("Reject with feedback"));
  expect(button("Reject and escalate")).toBeEnabled();
  expect(screen.getByText(/after it a manager decides/)).toBeVisible();
});
