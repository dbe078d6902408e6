import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { DeskChange } from "@/api/types";
import { maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { DeskLogPanel } from "./DeskLogPanel";

const change = (number: number, over: Partial<DeskChange> = {}): DeskChange => ({
  number,
  at: "2026-11-21T08:00:00Z",
  actor: "ana",
  kind: "view_saved",
  owner: "ana",
  name: "Urgent",
  before: null,
  after: { query: { overdue: true }, shared: false },
  hash: `sha256:${"a".repeat(64)}`,
  ...over,
});

test("changes say by whom, before and after", async () => {
  serve(({ query }) =>
    query.includes("cursor=back")
      ? json({ items: [change(1)], next_cursor: null, total: 2 })
      : json({
          items: [change(2, { actor: "maria", kind: "view_unshared", before: { shared: true } })],
          next_cursor: "back",
          total: 2,
        }),
  );
  renderInApp(<DeskLogPanel />, maria);
  const newest = await screen.findByRole("listitem");
  expect(newest).toHaveTextContent("Maria stopped sharing Ana's view “Urgent”");
  expect(newest).toHaveTextContent('Before{"shared":true}');
  await userEvent.click(screen.getByRole("button", { name: "Show earlier changes" }));
  const list = screen.getByRole("list", { name: /newest first/ });
  expect(await within(list).findByText("nothing")).toBeVisible();
  expect(within(list).getAllByRole("listitem")).toHaveLength(2);
});

test("empty and failed logs say so", async () => {
  serve(() => json({ items: [], next_cursor: null, total: 0 }));
  const { unmount } = renderInApp(<DeskLogPanel />, maria);
  expect(await screen.findByText("Nothing was changed yet")).toBeVisible();
  unmount();
  serve(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  renderInApp(<DeskLogPanel />, maria);
  expect(await screen.findByText("The casebook cannot be reached.")).toBeVisible();
});

test.each([
  ["subscription_created", "made the webhook sub-1"],
  ["subscription_changed", "changed the webhook sub-1"],
  ["subscription_deleted", "deleted the webhook sub-1"],
  ["events_replayed", "had events sent again to the webhook sub-1"],
  ["dead_letters_resent", "had what was given up sent again to the webhook sub-1"],
  ["dead_letter_dropped", "dropped an event that was given up for the webhook sub-1"],
  ["rule_drafted", "put sub-1 on record"],
  ["rule_shadowed", "put another version of the rule sub-1 into shadow"],
  ["rule_shadow_ended", "took the version of the rule sub-1 in shadow out"],
  ["rule_promoted", "made another version of the rule sub-1 live"],
  ["rule_rolled_back", "went back to an earlier version of the rule sub-1"],
  ["rule_switched_off", "switched the rule sub-1 off"],
  ["rule_switched_on", "switched the rule sub-1 on"],
  ["alerts_snoozed", "snoozed alerts of sub-1"],
  ["alerts_unsnoozed", "ended the snooze of alerts of sub-1"],
  ["back_test_requested", "ordered a back-test of sub-1"],
  ["back_test_cancelled", "cancelled a back-test of sub-1"],
  ["suppression_added", "lets the sub-1 never count"],
  ["suppression_removed", "lets the sub-1 count again"],
  ["model_rolled_back", "went back to an earlier model of the learned score, as sub-1"],
  ["case_purged", "purged sub-1, which had been kept for long enough"],
  ["accesses_purged", "deleted lines of the access record that had been kept for long enough"],
] as const)("%s is a sentence", async (kind, said) => {
  const items = [change(1, { actor: "maria", kind, owner: null, name: "sub-1" })];
  serve(() => json({ items, next_cursor: null, total: 1 }));
  renderInApp(<DeskLogPanel />, maria);
  expect(await screen.findByRole("listitem")).toHaveTextContent(`Maria ${said}`);
});
