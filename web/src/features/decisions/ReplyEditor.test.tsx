import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { accepted, button } from "@/test/decisions";
import { OTHER_HASH, replyCase, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { serve } from "@/test/server";
import { ReplyDecisionPanel } from "./ReplyDecisionPanel";

const editor = () => screen.getByRole("textbox", { name: /Send this instead/ });

async function edited(text: string) {
  const user = userEvent.setup();
  await user.click(button("Edit and approve…"));
  await user.clear(editor());
  if (text !== "") await user.type(editor(), text);
  return user;
}

test("editor begins with the draft and sends nothing unchanged", async () => {
  renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  await userEvent.click(button("Edit and approve…"));
  expect(editor()).toHaveValue("We are on it.");
  expect(editor()).toHaveFocus();
  expect(screen.getByText("None yet.")).toBeVisible();
  expect(button("Approve: send what I wrote")).toBeDisabled();
});

test("changes to the draft are shown word by word", async () => {
  renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  await edited("We are looking into it.");
  const changes = screen.getByRole("region", { name: "Changes to the draft" });
  const put = within(changes)
    .getAllByRole("insertion")
    .map(({ textContent }) => textContent)
    .join("");
  const taken = within(changes)
    .getAllByRole("deletion")
    .map(({ textContent }) => textContent)
    .join("");
  expect([put.includes("looking"), taken.includes("on")]).toEqual([true, true]);
});

test("edited reply is sent with what was read", async () => {
  const calls = serve(accepted);
  renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  const user = await edited("On our way!");
  await user.type(screen.getByRole("textbox", { name: "Comment" }), "Shorter.");
  await user.click(button("Approve: send what I wrote"));
  const { review_id, assessment_hash } = review(1);
  expect(calls[0]?.body).toEqual({
    review_id,
    assessment_hash,
    verdict: "approve",
    action: "send_edited",
    text: "On our way!",
    comment: "Shorter.",
  });
});

test("empty text is not sent", async () => {
  renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  await edited("");
  expect(button("Approve: send what I wrote")).toBeDisabled();
});

test("way back leaves the draft to be approved", async () => {
  renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  const user = await edited("Other");
  await user.click(button("Back to the draft"));
  expect(button("Approve: send the reply")).toBeEnabled();
});

test("another draft keeps what was edited and blocks sending", async () => {
  const { rerender } = renderInApp(<ReplyDecisionPanel view={replyCase()} />);
  const user = await edited("Mine");
  rerender(<ReplyDecisionPanel view={replyCase({ round: 2, review: review(2, OTHER_HASH) })} />);
  expect(button("Approve: send what I wrote")).toBeDisabled();
  await user.click(button("Look at the new draft"));
  expect(editor()).toHaveValue("Mine");
  expect(button("Approve: send what I wrote")).toBeEnabled();
});
