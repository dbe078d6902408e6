import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { ChosenRefund } from "@/api/types";
import { accepted, button } from "@/test/decisions";
import { assessment, ben, caseView, review } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, serve } from "@/test/server";
import { DecisionPanel } from "./DecisionPanel";

const part = (charge_id: string, amount_minor: number): ChosenRefund => ({
  charge_id,
  amount: { amount_minor, currency: "USD" },
});

const NAMED = ["ch-1", "ch-2", "ch-3"];
const refunding = () =>
  caseView({
    assessment: { ...assessment(), recommended_action: "refund_charges", refund_charge_ids: NAMED },
  });

interface PreviewBody {
  action: string;
  refunds?: ChosenRefund[];
}

/** A store in which the third charge was refunded; `limit`: above it two people must approve. */
const store =
  (leftOut: readonly string[], limit = Infinity) =>
  ({ body }: { body: unknown }) => {
    const { refunds } = body as PreviewBody;
    const all = refunds ?? [part("ch-1", 1000), part("ch-2", 550), part("ch-3", 99)];
    const given = all.filter(({ charge_id }) => !leftOut.includes(charge_id));
    const sum = given.reduce((total, { amount }) => total + amount.amount_minor, 0);
    return json({
      sentence: `Refunds ${given.length} of ${all.length}: ${sum}.`,
      approvals_required: sum > limit ? 2 : 1,
      preview: {
        customer_id: 42,
        at: "2026-11-21T09:00:00Z",
        locks: false,
        locked_by: null,
        refunds: given,
        left_out: all
          .filter(({ charge_id }) => leftOut.includes(charge_id))
          .map(({ charge_id }) => ({ charge_id, why: "refunded", rest: null, orders: [] })),
      },
    });
  };

const confirm = async (user: ReturnType<typeof userEvent.setup>) => {
  await user.click(button("Approve: refund charges…"));
  const dialog = await screen.findByRole("dialog");
  await user.click(within(dialog).getByRole("button", { name: "Refund charges" }));
};

test("dry run is shown before the button", async () => {
  const calls = serve(accepted, store([]));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={refunding()} />);
  expect(await screen.findByText(/Refunds 3 of 3: 1649\./)).toBeVisible();
  await confirm(user);
  await waitFor(() => expect(calls).toHaveLength(1));
  // All that the assessment names: nothing was chosen.
  expect(calls[0]?.body).not.toHaveProperty("refunds");
});

test("charge that the store leaves out is not approved", async () => {
  const calls = serve(accepted, store(["ch-3"]));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={refunding()} />);
  expect(await screen.findByText(/Refunds 2 of 3: 1550\./)).toBeVisible();
  expect(screen.queryByRole("checkbox", { name: "ch-3" })).toBeNull();
  await confirm(user);
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]?.body).toMatchObject({ refunds: [part("ch-1", 1000), part("ch-2", 550)] });
});

test("chosen charges and amounts are what is approved", async () => {
  const calls = serve(accepted, store([], 1000));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={refunding()} />);
  await user.click(await screen.findByRole("checkbox", { name: "ch-3" }));
  await user.click(screen.getByRole("checkbox", { name: "ch-2" }));
  const amount = screen.getByRole("textbox", { name: /Amount of ch-1/ });
  await user.clear(amount);
  await user.type(amount, "7.25");
  await user.tab();
  expect(await screen.findByText(/Refunds 1 of 1: 725\./)).toBeVisible();
  await user.click(button("Approve: refund charges…"));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("Refunds 1 charge ($7.25) of customer 42.");
  expect(dialog).toHaveTextContent("Approve and carry out?");
  await user.click(within(dialog).getByRole("button", { name: "Refund charges" }));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]?.body).toMatchObject({ refunds: [part("ch-1", 725)] });
});

test("nothing chosen cannot be approved", async () => {
  serve(accepted, store([]));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={refunding()} />);
  for (const name of NAMED) await user.click(await screen.findByRole("checkbox", { name }));
  expect(button("Approve: refund charges…")).toBeDisabled();
});

test("large choice needs two approvals", async () => {
  serve(accepted, store([], 1000));
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={refunding()} />);
  await screen.findByText(/Refunds 3 of 3/);
  await user.click(button("Approve: refund charges…"));
  expect(await screen.findByRole("dialog")).toHaveTextContent("Give the first of two approvals?");
});

test("second person approves the same refunds", async () => {
  const calls = serve(accepted, store([]));
  const user = userEvent.setup();
  const proposal = {
    review_id: review(1).review_id,
    action: "refund_charges" as const,
    approvals: [{ approved_by: "ana", approved_at: "2026-11-21T08:30:00Z", comment: null }],
    disposition: null,
    refunds: [part("ch-1", 725)],
  };
  renderInApp(<DecisionPanel view={{ ...refunding(), proposal }} />, ben);
  expect(await screen.findByText(/Refunds 1 of 1: 725\./)).toBeVisible();
  await user.click(button("Approve as second: refund charges…"));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("Refunds 1 charge ($7.25) of customer 42.");
  await user.click(within(dialog).getByRole("button", { name: "Refund charges" }));
  await waitFor(() => expect(calls[0]?.body).toMatchObject({ refunds: [part("ch-1", 725)] }));
});

test("store that does not answer holds up no approval", async () => {
  const calls = serve(accepted);
  const user = userEvent.setup();
  renderInApp(<DecisionPanel view={refunding()} />);
  expect(await screen.findByText("The customer store did not say what it would do.")).toBeVisible();
  await confirm(user);
  await waitFor(() => expect(calls).toHaveLength(1));
});
