import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { accepted, button } from "@/test/decisions";
import { OTHER_HASH, replyCase, review, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { serve } from "@/test/server";
import { ReplyDecisionPanel } from "./ReplyDecisionPanel";

test("approval of a reply sends what was read", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  await user.click(button("Approve: send the reply"));
  const { review_id, assessment_hash } = review(1);
  expect(calls[0]?.body).toEqual({ review_id, assessment_hash, verdict: "approve", action: "send" });
});

test("answer about a reply leaves the focus in place", async () => {
  serve(accepted);
  const user = userEvent.setup();
  renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  await user.click(button("Approve: send the reply"));
  await waitFor(() => expect(document.getElementById("decision")).toHaveFocus());
});

test("rejection of a reply needs a reason", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  await user.click(button("Reject…"));
  await user.click(button("Reject the reply"));
  expect(screen.getByText("Say why it may not be sent.")).toBeVisible();
  await user.type(screen.getByRole("textbox"), "It promises too much.");
  await user.click(button("Reject the reply"));
  expect(calls[0]?.body).toMatchObject({ verdict: "reject", feedback: "It promises too much." });
});

test("another draft blocks sending and keeps words", async () => {
  const user = userEvent.setup();
  const { rerender } = renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  await user.type(screen.getByRole("textbox"), "Fine.");
  rerender(<ReplyDecisionPanel view={replyCase({ round: 2, review: review(2, OTHER_HASH) })} />);
  expect(screen.getByRole("alert")).toHaveTextContent("Another draft took the place");
  expect(button("Approve: send the reply")).toBeDisabled();
  await user.click(button("Look at the new draft"));
  expect(button("Approve: send the reply")).toBeEnabled();
  expect(screen.getByRole("textbox")).toHaveValue("Fine.");
});

test("viewer reads a reply and decides nothing", () => {
  renderInApp(<ReplyDecisionPanel view={replyCase()} />, vera);
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.getByRole("status")).toHaveTextContent("an analyst decides it");
});
