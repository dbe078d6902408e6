import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { ModelView, RiskScore } from "@/api/types";
import { ana, maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { RiskScorePanel } from "./RiskScorePanel";

const model = (
  number: number,
  over: Partial<ModelView["origin"]> = {},
  fault: string | null = null,
): ModelView => ({
  origin: {
    number,
    line: 1,
    may_alert: false,
    made_at: "2026-11-30T00:00:00Z",
    effective_at: "2026-11-30T00:10:00Z",
    frauds: 20 * number,
    others: 1_000,
    learned_until: null,
    made_by: null,
    rolled_back_to: null,
    reason: `Reason ${number}.`,
    ...over,
  },
  problem: fault,
});

const score = (over: Partial<RiskScore> = {}): RiskScore => ({
  current: 2,
  next: 3,
  may_alert: true,
  learned_frauds: 61,
  learned_others: 12_345,
  sentence: "Ready: of the 120 charges with the highest scores most were fraud.",
  shadow: {
    ready: true,
    sentence: "Ready.",
    rules: { frauds: 30, of: 120, low: 0.18, high: 0.33 },
    score: { frauds: 90.4, of: 120, low: 0.67, high: 0.82 },
  },
  drift: [
    { name: "ratio", says: "the amount against the customer's usual one", psi: 0.312, level: "shifted" },
    { name: "score", says: "the risk score itself", psi: 0.01, level: "stable" },
  ],
  partitions: [
    {
      source: "telemetry",
      partition: "3",
      model: 2,
      waiting: 4_321,
      dropped: 7,
      saved_at: "2026-11-30T00:00:00Z",
    },
  ],
  models: [model(3), model(2, { may_alert: true }), model(1, {}, "The model file has format version 99.")],
  ...over,
});

const served = (found: RiskScore, onPost: () => Response = () => json(found)) =>
  serve(({ method }) => (method === "POST" ? onPost() : json(found)));

test("model, comparison, drift and partitions are shown", async () => {
  served(score());
  renderInApp(<RiskScorePanel />, ana);
  expect(await screen.findByText("Model 2 may alert")).toBeVisible();
  expect(screen.getByText(/61 confirmed frauds and 12,345 other charges are learned\./)).toHaveTextContent(
    "Model 3 takes over within ten minutes.",
  );
  expect(screen.getByText("30 of 120 were fraud: 25 % (95 %: 18 % to 33 %)")).toBeVisible();
  expect(screen.getByText("90 of 120 were fraud: 75 % (95 %: 67 % to 82 %)")).toBeVisible();
  const row = screen.getByRole("row", { name: /the amount against/ });
  expect(row).toHaveTextContent("0.31Shifted");
  const partitions = screen.getByRole("list", { name: "Partitions that teach" });
  expect(partitions).toHaveTextContent("telemetry, partition 3");
  expect(partitions).toHaveTextContent(
    "4,321 charges wait for what they turn out to be · 7 never became a label",
  );
  const [newest, , oldest] = within(screen.getByRole("list", { name: "Models, newest first" })).getAllByRole(
    "listitem",
  );
  expect(newest).toHaveTextContent("Next");
  expect(oldest).toHaveTextContent("The model file has format version 99.");
  expect(screen.queryByRole("button", { name: /Go back/ })).toBeNull();
});

test("without a model it says how far it is", async () => {
  const sentence = "There is no model yet: 3 of 20 confirmed frauds are learned so far.";
  const nothing = { current: null, next: null, may_alert: false, shadow: null, drift: null };
  served(score({ ...nothing, sentence, partitions: [], models: [] }));
  renderInApp(<RiskScorePanel />, ana);
  expect(await screen.findByText(sentence)).toBeVisible();
  expect(screen.getByText("No model yet")).toBeVisible();
  expect(screen.getByText("No partition has scored yet")).toBeVisible();
  expect(screen.queryByRole("list", { name: "Models, newest first" })).toBeNull();
});

test("manager goes back to an earlier model for a reason", async () => {
  const calls = served(score());
  renderInApp(<RiskScorePanel />, maria);
  expect(await screen.findByRole("button", { name: "Go back to model 2" })).toBeEnabled();
  expect(screen.queryByRole("button", { name: "Go back to model 3" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Go back to model 1" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Go back to model 2" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Why/ }), "It alerts on salaries.");
  await userEvent.click(within(dialog).getByRole("button", { name: "Go back" }));
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        method: "POST",
        path: "/api/detection/score/roll-back",
        body: { number: 2, current: 3, reason: "It alerts on salaries." },
      }),
    ),
  );
});

test("refused roll-back says why", async () => {
  const sentence = "Version 4 of the model was made since you read the versions: read them again.";
  served(score(), () => problem("models-changed", 409, sentence));
  renderInApp(<RiskScorePanel />, maria);
  await userEvent.click(await screen.findByRole("button", { name: "Go back to model 2" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Why/ }), "Why not.");
  await userEvent.click(within(dialog).getByRole("button", { name: "Go back" }));
  expect(await screen.findByText(sentence)).toBeVisible();
});
