import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { accepted, button } from "@/test/decisions";
import { ben, caseView, OTHER_HASH, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

describe("unsent draft", () => {
  beforeEach(() => sessionStorage.clear());

  async function type(words: string) {
    const user = userEvent.setup();
    const { unmount } = renderInApp(<DecisionPanel view={caseView()} />);
    await user.click(button("Reject with feedback"));
    await user.type(screen.getByRole("textbox"), words);
    unmount();
  }

  test("survives a reload and goes once it is sent", async () => {
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

  test("of an older round is offered, not filled in", async () => {
    await type("Check the ticket.");
    const user = userEvent.setup();
    renderInApp(<DecisionPanel view={caseView({ round: 2, review: review(2, OTHER_HASH) })} />);
    expect(screen.getByText("Unsent draft for another review")).toBeVisible();
    expect(button("Reject with feedback")).toBeVisible();
    await user.click(button("Use it here"));
    expect(screen.getByRole("textbox")).toHaveValue("Check the ticket.");
  });

  test("stays on the page when the storage is full", async () => {
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
