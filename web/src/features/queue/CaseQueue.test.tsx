import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { review, summary } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { CaseQueue } from "./CaseQueue";
import { useSelection } from "./use-selection";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children, params }: { children: ReactNode; params?: { caseId: string } }) => (
    <a href={`/cases/${params?.caseId ?? ""}`}>{children}</a>
  ),
}));

const page = (items: unknown[], next_cursor: string | null = null) =>
  json({ items, next_cursor, total: null });

test("loading queue shows a skeleton, then the cases", async () => {
  serve(() => page([summary(3, { state: "awaiting_review", due_at: "2000-01-01T00:00:00Z" })]));
  renderInApp(<CaseQueue query={{}} threshold={0.6} />);
  expect(screen.getByRole("status", { name: "Loading the cases" })).toBeVisible();
  const row = await screen.findByRole("row", { name: /Spending spike.*Customer 3/ });
  expect(row).toHaveTextContent("0.70");
  expect(row).toHaveTextContent("Awaiting review");
  expect(row).toHaveTextContent("overdue");
});

test("failed list shows the error and retries", async () => {
  let broken = true;
  serve(() =>
    broken ? problem("casebook-unavailable", 503, "The casebook is being upgraded.") : page([summary(1)]),
  );
  renderInApp(<CaseQueue query={{}} threshold={0.6} />);
  expect(await screen.findByText("The casebook is being upgraded.")).toBeVisible();
  broken = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("row", { name: /Customer 1/ })).toBeVisible();
});

test("empty queue says why it is empty", async () => {
  serve(() => page([]));
  renderInApp(<CaseQueue query={{ state: ["awaiting_review"] }} threshold={0.6} />);
  expect(await screen.findByText("No case is waiting for a decision")).toBeVisible();
});

test("pages follow by cursor, forward and back", async () => {
  const queries: string[] = [];
  serve(({ query }) => {
    queries.push(query);
    return query.includes("cursor=next") ? page([summary(1)]) : page([summary(3), summary(2)], "next");
  });
  const { unmount } = renderInApp(<CaseQueue query={{ sort: "due" }} threshold={0.6} />);
  await userEvent.click(await screen.findByRole("button", { name: "Next page" }));
  await screen.findByRole("row", { name: /Customer 1/ });
  expect(screen.queryByRole("row", { name: /Customer 3/ })).toBeNull();
  expect(screen.getByRole("button", { name: "Next page" })).toBeDisabled();
  expect(queries).toEqual(["?limit=50&sort=due", "?limit=50&sort=due&cursor=next"]);

  // The way back from a case leads to the page that was left.
  unmount();
  renderInApp(<CaseQueue query={{ sort: "due" }} threshold={0.6} />);
  await screen.findByRole("row", { name: /Customer 1/ });
  await userEvent.click(screen.getByRole("button", { name: "Previous" }));
  expect(await screen.findByRole("row", { name: /Customer 3/ })).toBeVisible();
});

test("row shows assignee, four eyes and first approval", async () => {
  const held = { assignee: "ben", claimed_at: "2026-11-21T09:00:00Z", expires_at: "2126-11-21T09:30:00Z" };
  const asked = { ...review(1), four_eyes_actions: ["lock_and_refund" as const] };
  const approvals = [{ approved_by: "ana", approved_at: "2026-11-21T09:00:00Z", comment: null }];
  const proposal = {
    review_id: asked.review_id,
    action: "lock_and_refund" as const,
    approvals,
    disposition: null,
  };
  serve(() =>
    page([
      summary(1, { claim: held }),
      summary(2, { review: asked, recommended_action: "lock_and_refund" }),
      summary(3, { review: asked, recommended_action: "lock_and_refund", proposal }),
      summary(4, { state: "escalated" }),
    ]),
  );
  renderInApp(<CaseQueue query={{}} threshold={0.6} />);
  expect(await screen.findByRole("row", { name: /Customer 1/ })).toHaveTextContent("Ben");
  expect(screen.getByRole("row", { name: /Customer 2/ })).toHaveTextContent("needs two approvals");
  expect(screen.getByRole("row", { name: /Customer 3/ })).toHaveTextContent("1 of 2");
  expect(screen.getByRole("row", { name: /Customer 4/ })).toHaveTextContent("Escalated");
});

test("row shows until when a case is snoozed", async () => {
  const snooze = { snoozed_by: "ben", until: "2126-11-21T09:00:00Z", until_activity: false };
  serve(() =>
    page([summary(1, { snooze }), summary(2, { snooze: { ...snooze, until: "2026-01-01T00:00:00Z" } })]),
  );
  renderInApp(<CaseQueue query={{ snoozed: true }} threshold={0.6} />);
  expect(await screen.findByRole("row", { name: /Customer 1/ })).toHaveTextContent(/until .*21/);
  expect(screen.getByRole("row", { name: /Customer 2/ })).not.toHaveTextContent("until");
});

function Selecting() {
  const selection = useSelection();
  return (
    <>
      <output>{[...selection.chosen.keys()].join(" ")}</output>
      <CaseQueue query={{}} threshold={0.6} selection={selection} />
    </>
  );
}

test("cases are selected singly, as range, or all", async () => {
  serve(() => page([summary(4), summary(3), summary(2), summary(1)]));
  const user = userEvent.setup();
  renderInApp(<Selecting />);
  const box = async (customer: number) =>
    screen.findByRole("checkbox", { name: new RegExp(`customer ${customer}$`) });
  await user.click(await box(4));
  await user.keyboard("{Shift>}");
  await user.click(await box(2));
  await user.keyboard("{/Shift}");
  const chosen = () => screen.getAllByRole("status", { hidden: true })[0];
  expect(chosen()).toHaveTextContent("case-4 case-3 case-2");
  await user.click(screen.getByRole("checkbox", { name: "Select every case of this page" }));
  expect(chosen()).toHaveTextContent("case-4 case-3 case-2 case-1");
});

test("row shows which effects were reversed", async () => {
  serve(() =>
    page([
      summary(2, { state: "closed", outcome: "account_locked" }),
      summary(1, { state: "closed", outcome: "account_locked", reversed: ["unlock_account"] }),
    ]),
  );
  renderInApp(<CaseQueue query={{}} threshold={0.6} />);
  const reversed = await screen.findByRole("row", { name: /Customer 1/ });
  expect(reversed).toHaveTextContent("Account locked, then lock reversed");
  const unchanged = screen.getByRole("row", { name: /Customer 2/ });
  expect(unchanged).toHaveTextContent("Account locked");
  expect(unchanged).not.toHaveTextContent("reversed");
});
