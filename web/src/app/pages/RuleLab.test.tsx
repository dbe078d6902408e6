import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import { ana, maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { backTest, click, giveReason, served } from "@/test/rules";
import { Rules } from "./RulesPage";

function Here() {
  const [chosen, setChosen] = useState<string | null>(null);
  return <Rules chosen={chosen} onChoose={setChosen} />;
}

test("back-test of the newest draft is ordered for a reason", async () => {
  const calls = served();
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  expect(await screen.findByText("No back-test yet")).toBeVisible();
  await click("Back-test…");
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("Back-test version 3 on week.jsonl.gz?");
  expect(dialog).toHaveTextContent("It is compared with version 1.");
  await giveReason("Back-test");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        method: "POST",
        path: "/api/detection/rules/spending_spike/back-tests",
        body: {
          version: 3,
          source: { kind: "recording", recording: "week.jsonl.gz" },
          reason: "A test of ours.",
        },
      }),
    ),
  );
});

test("back-test of the last days asks how many", async () => {
  const calls = served();
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Telemetry" }), "live");
  const days = screen.getByRole("textbox", { name: "Days" });
  await userEvent.clear(days);
  await userEvent.type(days, "91");
  expect(screen.getByRole("button", { name: "Back-test…" })).toBeDisabled();
  await userEvent.clear(days);
  await userEvent.type(days, "14");
  await click("Back-test…");
  expect(await screen.findByRole("dialog")).toHaveTextContent("Back-test version 3 on the last 14 days?");
  await giveReason("Back-test");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        body: { version: 3, source: { kind: "live", days: 14 }, reason: "A test of ours." },
      }),
    ),
  );
});

test("running back-test shows how far it is and is cancelled", async () => {
  const running = backTest({ state: "running", share: 0.42, total: null, ended_at: null });
  const calls = served({ backTests: [running] });
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  expect(await screen.findByText(/42 %, 40,722 events/)).toBeVisible();
  expect(screen.getByRole("progressbar", { name: /How much of version 3/ })).toHaveAttribute(
    "aria-valuenow",
    "42",
  );
  await click("Cancel version 3 on week.jsonl.gz");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({ method: "POST", path: "/api/detection/back-tests/bt-1/cancel" }),
    ),
  );
});

test("back-test that failed says why", async () => {
  const problem = "Recording week.jsonl.gz cannot be read from line 7 on: the compressed file is cut off.";
  served({ backTests: [backTest({ state: "failed", problem, total: null })] });
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  expect(await screen.findByText(problem)).toBeVisible();
  expect(screen.queryByRole("button", { name: /Show what/ })).toBeNull();
});

test("result shows days, labels and alerts, and is promoted", async () => {
  const calls = served({ backTests: [backTest()] });
  renderInApp(<Here />, maria);
  await click("Show Spending spike");
  await click("Show what version 3 on week.jsonl.gz found");
  const found = await screen.findByRole("region", { name: "What version 3 found" });
  expect(found).toHaveTextContent("3 gained2 lost40 kept");
  expect(within(found).getByText(/2 pieces of input were skipped/)).toBeVisible();
  expect(within(found).getByRole("img", { name: "Alerts by day" })).toBeVisible();
  const [, , lastDay] = within(
    within(found).getByRole("table", { name: "Alerts by day", hidden: true }),
  ).getAllByRole("row", { hidden: true });
  expect(lastDay).toHaveTextContent("2026-11-291002");
  expect(within(found).getAllByText("75 % (3 of 4; 95 %: 30.1 % to 95.4 %)")).toHaveLength(2);
  expect(within(found).getAllByText("no sample")).toHaveLength(2);
  expect(found).toHaveTextContent("Gained: 3");
  expect(found).toHaveTextContent("What is new.");
  expect(found).toHaveTextContent("and 2 others");
  await click("Make version 3 live…");
  await giveReason("Make live");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        path: "/api/detection/rules/spending_spike/live",
        body: { revision: 4, reason: "A test of ours.", version: 3 },
      }),
    ),
  );
});

test("everybody sees how right a rule is, and analysts no back-tests", async () => {
  const calls = served();
  renderInApp(<Here />, ana);
  await click("Show Spending spike");
  const right = await screen.findByRole("region", { name: "How right Spending spike is" });
  expect(await within(right).findByText("75 % (3 of 4; 95 %: 30.1 % to 95.4 %)")).toBeVisible();
  expect(right).toHaveTextContent("1 inconclusive, 20 not decided by people");
  expect(within(right).getByRole("img", { name: "Found on live telemetry, by day" })).toBeVisible();
  expect(screen.queryByRole("region", { name: "Back-tests of Spending spike" })).toBeNull();
  expect(calls.filter(({ path }) => path.includes("back-tests"))).toEqual([]);
});
