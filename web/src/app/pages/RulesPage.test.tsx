import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { ana, maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { click, field, giveReason, served, summary, version, view } from "@/test/rules";
import { json, problem, serve } from "@/test/server";
import { Rules } from "./RulesPage";

function Here() {
  const [chosen, setChosen] = useState<string | null>(null);
  return <Rules chosen={chosen} onChoose={setChosen} />;
}

test("list says which version judges and what it found", async () => {
  served();
  renderInApp(<Here />, ana);
  const line = await screen.findByRole("listitem");
  expect(line).toHaveTextContent("Spending spike");
  expect(line).toHaveTextContent("Version 1 live");
  expect(line).toHaveTextContent("Version 2 in shadow");
  expect(line).toHaveTextContent("1,234 alerts in 7 days · 17 in shadow");
});

test("rule that fails is marked, with the version and the events", async () => {
  const failing = view({
    rule: summary({ failures: 812 }),
    counts: [{ rule_id: "spending_spike", version: 2, fate: "failed", day: "2026-11-30", count: 812 }],
  });
  served({ rule: failing });
  renderInApp(<Here />, ana);
  const line = await screen.findByRole("listitem");
  expect(line).toHaveTextContent("Fails");
  expect(line).toHaveTextContent("failed at 812 events");
  await click("Show Spending spike");
  const history = await screen.findByRole("list", { name: "Versions, newest first" });
  expect(within(history).getAllByRole("listitem")[1]).toHaveTextContent("failed at 812 events in 30 days");
});

test("rule shows values with units, bounds and reasons, and its history", async () => {
  served();
  renderInApp(<Here />, ana);
  await click("Show Spending spike");
  const quiet = await screen.findByRole("textbox", { name: "Quiet hours, hours" });
  expect(quiet).toHaveAttribute("readonly");
  expect(quiet).toHaveAccessibleDescription(
    "No further alert for so long after one. Allowed: from 0 to 8,784. Default: 24.",
  );
  const history = screen.getByRole("list", { name: "Versions, newest first" });
  const [, shadow, first] = within(history).getAllByRole("listitem");
  expect(shadow).toHaveTextContent("Too many false alerts.");
  expect(shadow).toHaveTextContent("Quiet hours24 → became 12");
  expect(shadow).toHaveTextContent("17 counted in shadow in 30 days");
  expect(first).toHaveTextContent("The release");
  expect(screen.queryByRole("button", { name: /Make live/ })).toBeNull();
  expect(screen.queryByRole("button", { name: "Switch off…" })).toBeNull();
});

test("bound that is small is shown with all its decimals", async () => {
  served({ rule: view({ fields: [field({ minimum: 0.001, maximum: 1_000_000 })] }) });
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  const quiet = await screen.findByRole("textbox", { name: "Quiet hours, hours" });
  expect(quiet).toHaveAccessibleDescription(/Allowed: from 0\.001 to 1,000,000\./);
});

test("changed value becomes a draft for a reason", async () => {
  const calls = served();
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  const save = await screen.findByRole("button", { name: "Save as draft…" });
  expect(save).toBeDisabled();
  const history = screen.getByRole("textbox", { name: "Min history" });
  await userEvent.clear(history);
  await userEvent.type(history, "101");
  expect(history).toHaveAccessibleDescription(/A whole number from 1 to 100\./);
  expect(save).toBeDisabled();
  await userEvent.clear(history);
  await userEvent.type(history, "12");
  await userEvent.click(save);
  await giveReason("Save draft");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        method: "POST",
        path: "/api/detection/rules/spending_spike/versions",
        body: {
          revision: 4,
          reason: "A test of ours.",
          based_on: 1,
          content: { ...version(1).content, parameters: { quiet_hours: 24, min_history: 12, networks: [] } },
        },
      }),
    ),
  );
});

test.each([
  ["Put into shadow version 3", "Put into shadow", "shadow", { version: 3 }],
  ["Make live version 2", "Make live", "live", { version: 2 }],
  ["Switch off…", "Switch off", "switch", { is_on: false }],
  ["Take version 2 out of shadow…", "Take out", "shadow/end", {}],
])("%s asks for a reason and is sent", async (button, action, path, body) => {
  const calls = served();
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  await click(button);
  await giveReason(action);
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        path: `/api/detection/rules/spending_spike/${path}`,
        body: { revision: 4, reason: "A test of ours.", ...body },
      }),
    ),
  );
});

test("retired version is gone back to, and one of another release is not", async () => {
  const calls = served({
    rule: view({
      versions: [
        version(3, { mode: "live" }),
        version(2, { mode: "retired", problem: "This release cannot judge by it." }),
        version(1, { mode: "retired" }),
      ],
    }),
  });
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  expect(await screen.findByText("This release cannot judge by it.")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Go back to version 2" })).toBeNull();
  await click("Go back to version 1");
  await giveReason("Go back to");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({ path: "/api/detection/rules/spending_spike/roll-back" }),
    ),
  );
});

test("what the answer shows is acted on while the lists are read", async () => {
  const silent = () => new Promise<Response>(() => undefined);
  const moved = view({ versions: [version(2, { mode: "shadow" }), version(1, { mode: "live" })] });
  served({
    rule: view({ versions: [version(2), version(1, { mode: "live" })] }),
    onPost: () => {
      serve(silent);
      return json(moved);
    },
  });
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  await click("Put into shadow version 2");
  await giveReason("Put into shadow");
  expect(await screen.findByText("In shadow")).toBeVisible();
  expect(screen.getByRole("button", { name: "Make live version 2" })).toBeEnabled();
});

test("second manager is led to the rule as it is now", async () => {
  const sentence = "Rule 'spending_spike' was changed by alex since you read it: read it again.";
  served({ onPost: () => problem("rule-changed", 409, sentence) });
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  await click("Switch off…");
  await giveReason("Switch off");
  expect(await screen.findByText(sentence)).toBeVisible();
  expect(screen.getByRole("button", { name: "Show the rule as it is now" })).toBeVisible();
});

test("alerts about a customer are snoozed and alert again", async () => {
  const calls = served({
    snoozes: [
      {
        rule_id: "spending_spike",
        customer_id: 7,
        until: "2026-12-07T00:00:00Z",
        reason: "Moves house.",
        snoozed_by: "maria",
        snoozed_at: "2026-11-30T00:00:00Z",
      },
    ],
  });
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  expect(await screen.findByText("Moves house.")).toBeVisible();
  await userEvent.type(screen.getByRole("textbox", { name: "Customer" }), "8");
  await click("Snooze…");
  await giveReason("Snooze");
  const snoozed = { rule_id: "spending_spike", reason: "A test of ours." };
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        method: "POST",
        path: "/api/detection/snoozes",
        body: expect.objectContaining({ ...snoozed, customer_id: 8 }) as unknown,
      }),
    ),
  );
  await click("Alert about customer 7 again");
  await giveReason("Alert again");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        path: "/api/detection/snoozes/end",
        body: { ...snoozed, customer_id: 7 },
      }),
    ),
  );
});

test("address is added to what never counts", async () => {
  const calls = served();
  renderInApp(<Here />, maria);
  expect(await screen.findByText("Everything counts")).toBeVisible();
  await userEvent.type(screen.getByRole("textbox", { name: "Address or number" }), "203.0.113.7");
  await click("Add…");
  await giveReason("Add");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        path: "/api/detection/suppressions",
        body: { kind: "address", value: "203.0.113.7", reason: "A test of ours." },
      }),
    ),
  );
});

test("viewers and analysts see no buttons that change", async () => {
  served({
    suppressions: [
      {
        kind: "customer",
        value: "7",
        reason: "A test account.",
        added_by: "maria",
        added_at: "2026-11-30T00:00:00Z",
      },
    ],
  });
  renderInApp(<Here />, ana);
  expect(await screen.findByText("A test account.")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Remove|Add/ })).toBeNull();
});

test("rules that cannot be read say why", async () => {
  serve(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  renderInApp(<Here />, maria);
  await waitFor(() => {
    expect(screen.getAllByText("The casebook cannot be reached.")).toHaveLength(2);
  });
});

test("choosing a rule leads to it, again as well", async () => {
  served();
  const scrolled = vi.spyOn(Element.prototype, "scrollIntoView").mockClear();
  renderInApp(<Here />, ana);
  await click("Show Spending spike");
  const rule = await screen.findByRole("region", { name: "Spending spike" });
  expect(rule).toHaveFocus();
  expect(scrolled.mock.contexts).toEqual([rule]);
  await click("Show Spending spike");
  expect(rule).toHaveFocus();
  expect(scrolled.mock.contexts).toEqual([rule, rule]);
});
