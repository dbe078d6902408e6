import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { PublicConfig } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { accepted, button } from "@/test/decisions";
import { caseView, config } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

function renderWith(required_fields: PublicConfig["required_fields"]) {
  const { queries } = renderInApp(<DecisionPanel view={caseView()} />);
  act(() => void queries.setQueryData(keys.config, { ...config, required_fields }));
}

test("approval names what the installation requires", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderWith({ lock_account: ["disposition", "reason_code", "comment"] });
  expect(
    await screen.findByText("This decision takes a disposition, a reason, and a comment here."),
  ).toBeVisible();
  expect(screen.getByRole("radio", { name: "Confirmed fraud" })).not.toBeChecked();
  expect(button("Approve: lock account…")).toBeDisabled();

  await user.click(screen.getByRole("radio", { name: "Confirmed fraud" }));
  await user.click(screen.getByRole("combobox", { name: "Reason" }));
  await user.click(await screen.findByRole("option", { name: "SIM swap" }));
  expect(screen.getByText("This decision takes a comment here.")).toBeVisible();
  await user.type(screen.getByRole("textbox", { name: "Comment" }), "The operator says so.");
  await user.click(button("Approve: lock account…"));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Lock account" }));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]?.body).toMatchObject({ disposition: "confirmed_fraud", reason_code: "sim_swap" });
});

test("rejection with feedback has its comment", async () => {
  const user = userEvent.setup();
  renderWith({ reject: ["disposition", "comment"] });
  await user.click(button("Reject with feedback"));
  expect(screen.getByText("This decision takes a disposition and a comment here.")).toBeVisible();
  await user.type(screen.getByRole("textbox", { name: /looked at again/ }), "Look at the charges.");
  expect(screen.getByText("This decision takes a disposition here.")).toBeVisible();
  expect(button("Reject and start round 2")).toBeDisabled();
  await user.click(screen.getByRole("radio", { name: "Inconclusive" }));
  expect(button("Reject and start round 2")).toBeEnabled();
});
