import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Effect, Reversal } from "@/api/types";
import { ana, ben, caseEvent, caseView, maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, serve } from "@/test/server";
import { EffectsPanel } from "./EffectsPanel";
import { FactsChangedNotice } from "./FactsChangedNotice";

const CASE = caseView().case_id;
const lock: Effect = {
  key: `${CASE}:lock_account:42`,
  action: "lock_account",
  status: "done",
  result: { account_status: "locked" },
};
const refund: Effect = {
  key: `${CASE}:refund_charges:42`,
  action: "refund_charges",
  status: "unknown",
  result: null,
};

const reversal = (over: Partial<Reversal> = {}): Reversal => ({
  reversal_id: `${CASE}:unlock_account:1`,
  case_id: CASE,
  action: "unlock_account",
  undoes: lock.key,
  status: "requested",
  reason: "The customer proved who they are.",
  requested_by: "ana",
  requested_at: "2026-11-21T10:00:00Z",
  decided_by: null,
  decided_at: null,
  comment: null,
  effect: null,
  ...over,
});

const view = (...reversals: Reversal[]) => caseView({ effects: [lock, refund], reversals });
const button = (name: string | RegExp) => screen.getByRole("button", { name });

test("partial and unconfirmed effects are shown", () => {
  renderInApp(<EffectsPanel view={view()} />);
  expect(screen.getByText("Done in part: 1 of 2")).toBeVisible();
  expect(screen.getByText(/The store has not confirmed this: it may have been done, or not/)).toBeVisible();
});

test("closed case promises no further ledger reads", () => {
  renderInApp(<EffectsPanel view={caseView({ state: "closed", outcome: "failed", effects: [refund] })} />);
  expect(screen.getByText(/Nobody looks any more: look at the account yourself/)).toBeVisible();
  expect(screen.queryByText(/ledger is read/)).toBeNull();
});

test("our own error is not shown as the store's answer", () => {
  const unsure: Effect = { ...refund, result: { error: "The customer store did not answer." } };
  renderInApp(<EffectsPanel view={caseView({ effects: [unsure] })} />);
  expect(screen.queryByText("Answer of the customer store")).toBeNull();
});

test("reversal is requested with a reason", async () => {
  const calls = serve(() => json(reversal(), 201));
  const user = userEvent.setup();
  renderInApp(<EffectsPanel view={view()} />, ana);
  await user.click(button("Request reversal…"));
  await user.type(await screen.findByRole("textbox", { name: /Why/ }), "It was a mistake.");
  await user.click(button("Request"));
  await waitFor(() => expect(calls[0]?.body).toEqual({ undoes: lock.key, reason: "It was a mistake." }));
});

test("reversal is decided by a manager other than the requester", async () => {
  const calls = serve(() => json(reversal({ status: "approved" }), 202));
  const user = userEvent.setup();
  const first = renderInApp(<EffectsPanel view={view(reversal())} />, ben);
  expect(screen.getByText("A manager must approve.")).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
  first.unmount();
  const second = renderInApp(<EffectsPanel view={view(reversal({ requested_by: "maria" }))} />, maria);
  expect(screen.getByText(/a manager other than you must approve/)).toBeVisible();
  expect(screen.queryByRole("button", { name: /Approve/ })).toBeNull();
  second.unmount();
  renderInApp(<EffectsPanel view={view(reversal())} />, maria);
  await user.click(button("Approve: unlock account"));
  await waitFor(() =>
    expect(calls[0]).toMatchObject({
      path: `/api/cases/${CASE}/reversals/1/decision`,
      body: { verdict: "approve" },
    }),
  );
});

test("refused reversal may be requested again", () => {
  renderInApp(
    <EffectsPanel view={view(reversal({ status: "refused", decided_by: "maria", comment: "No." }))} />,
    ana,
  );
  expect(screen.getByText(/Maria refused it: “No.”/)).toBeVisible();
  expect(button("Request reversal…")).toBeEnabled();
});

test("requester and approver see other locks", async () => {
  const user = userEvent.setup();
  const other = {
    key: "case-other:lock_account:42",
    at: "2026-11-21T09:00:00Z",
    case_id: "case-other",
    approved_by: "ben",
  };
  const also = { effects: [lock], also_locked_by: ["case-other"], other_locks: [other] };
  const asking = renderInApp(<EffectsPanel view={caseView(also)} />, ana);
  await user.click(button("Request reversal…"));
  expect(
    await screen.findByText(/stays locked all the same: case-other \(approved by Ben, .*\) also locked it/),
  ).toBeVisible();
  asking.unmount();
  renderInApp(<EffectsPanel view={caseView({ ...also, reversals: [reversal()] })} />, maria);
  expect(button("Approve: unlock account")).toBeVisible();
  expect(
    screen.getByText(/stays locked all the same: case-other \(approved by Ben, .*\) also locked it/),
  ).toBeVisible();
});

test("lock that was there already is told with who made it", () => {
  const other = { key: "k", at: "2026-11-21T09:00:00Z", case_id: "case-other", approved_by: "ben" };
  const nobody = { key: "records:42", at: "2026-11-20T09:00:00Z", case_id: null, approved_by: null };
  renderInApp(
    <EffectsPanel view={caseView({ effects: [{ ...lock, already: [nobody, other] }, { ...refund }] })} />,
  );
  expect(screen.getByText("Already so")).toBeVisible();
  expect(
    screen.getByText(
      /locked already, by an order of no case \(.*\) and by case-other \(approved by Ben, .*\)\. This approval keeps/,
    ),
  ).toBeVisible();
});

test("reversed lock names the case that keeps it locked", () => {
  const effect: Effect = {
    key: `${CASE}:unlock_account:42:1`,
    action: "unlock_account",
    status: "done",
    result: { status: "locked", still_locked_by: [{ idempotency_key: "case-other:lock_account:42" }] },
  };
  renderInApp(<EffectsPanel view={view(reversal({ status: "done", decided_by: "maria", effect }))} />);
  expect(screen.getByText(/The account stays locked because case-other also locked it/)).toBeVisible();
});

test("changed facts do not hide completed effects", () => {
  const event = caseEvent({ type: "facts_changed", data: { round: 1, changes: ["A charge was refunded."] } });
  renderInApp(
    <FactsChangedNotice view={caseView({ state: "awaiting_review", effects: [lock] })} events={[event]} />,
  );
  expect(screen.getByText(/The approved action was only partly carried out/)).toBeVisible();
  expect(screen.getByText("A charge was refunded.")).toBeVisible();
});
