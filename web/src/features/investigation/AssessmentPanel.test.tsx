import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { assessment, report } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { AssessmentPanel } from "./AssessmentPanel";

const REASON = "The usage, location and billing specialists were unavailable: the model does not answer.";

test("assessment without evidence recommends nothing", () => {
  const unassessed = assessment({
    overall_risk_score: null,
    risk_level: null,
    recommended_action: null,
    model_recommendation: "lock_account",
    reports: [report({ status: "unavailable", risk_score: null })],
    route_reasons: [REASON],
  });
  renderInApp(<AssessmentPanel assessment={unassessed} working={false} threshold={0.6} />);
  expect(screen.getByText("Not assessed")).toBeVisible();
  expect(screen.getByRole("heading", { name: "What was not available" })).toBeVisible();
  expect(screen.getByText(REASON)).toBeVisible();
  for (const word of ["High risk", "Lock account"]) expect(screen.queryByText(word)).toBeNull();
});

test("assessment with evidence shows score and recommendation", () => {
  renderInApp(<AssessmentPanel assessment={assessment()} working={false} threshold={0.6} />);
  expect(screen.getByText("High risk")).toBeVisible();
  expect(screen.getByText("Lock account")).toBeVisible();
});

test("unsupported reasoning is marked as opinion", () => {
  const why = "It states “47 km”, which does not occur in what it was shown.";
  const opinion = assessment({ reasoning_unsupported_reason: why });
  renderInApp(<AssessmentPanel assessment={opinion} working={false} threshold={0.6} />);
  expect(screen.getByText("Opinion")).toBeVisible();
  expect(screen.getByText(why)).toBeVisible();
});

test("supported reasoning has no mark", () => {
  renderInApp(<AssessmentPanel assessment={assessment()} working={false} threshold={0.6} />);
  expect(screen.queryByText("Opinion")).toBeNull();
});

test("failed investigation is not said to lack evidence", () => {
  const broken = assessment({
    overall_risk_score: null,
    risk_level: null,
    recommended_action: null,
    reports: [],
    route_reasons: ["The investigation was terminated in the scheduler."],
  });
  renderInApp(<AssessmentPanel assessment={broken} working={false} threshold={0.6} />);
  expect(screen.getByText("Not assessed, because nothing was concluded.")).toBeVisible();
  expect(screen.getByRole("heading", { name: "What happened" })).toBeVisible();
  expect(screen.queryByText(/no evidence/)).toBeNull();
  expect(screen.queryByText("What was not available")).toBeNull();
});

test("shows which model assessed, and its host", () => {
  const remote = assessment({ model: "remote-9", model_host: "desk-west.openai.azure.com" });
  renderInApp(<AssessmentPanel assessment={remote} working={false} threshold={0.6} />);
  expect(screen.getByText("remote-9 at desk-west.openai.azure.com")).toBeVisible();
});
