import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { report } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { SpecialistCard } from "./SpecialistCard";

const shown = (over: Parameters<typeof report>[0]) =>
  renderInApp(
    <SpecialistCard
      specialist="location"
      state="ok"
      report={report(over)}
      threshold={0.6}
      events={[]}
      onOpenEvidence={vi.fn()}
    />,
  );

test("shows the answer to the feedback", () => {
  shown({ round: 2, feedback_answer: "The roaming package was looked up: there is none." });
  expect(screen.getByText("The roaming package was looked up: there is none.")).toBeVisible();
});

test("says why a finding does not count", () => {
  const reason = "It states “45 GB”, which does not occur in what it cites.";
  shown({
    findings: [
      {
        statement: "45 GB were used.",
        evidence_ids: ["r1-location-1"],
        unsupported: true,
        unsupported_reason: reason,
      },
    ],
  });
  expect(screen.getByText(new RegExp(reason))).toBeVisible();
});

const spend = {
  model_calls: 2,
  input_tokens: 900,
  output_tokens: 100,
  cost_usd: "0.0012",
  estimated_calls: null,
};

test("shows what the model calls cost", () => {
  shown({ model: "gpt-5", spend });
  expect(screen.getByText("2 model calls, $0.0012")).toBeVisible();
  expect(screen.queryByText("tokens estimated")).toBeNull();
});

test("says when cost is unknown and tokens are estimated", () => {
  shown({ model: "somebody-else", spend: { ...spend, cost_usd: null, estimated_calls: 1 } });
  expect(screen.getByText("2 model calls, cost unknown")).toBeVisible();
  expect(screen.getByText("tokens estimated")).toBeVisible();
});

test("says no cost where no model was asked", () => {
  shown({ spend: { ...spend, model_calls: 0, cost_usd: null } });
  expect(screen.getByText("0 model calls")).toBeVisible();
});

test("paused work is not shown as running", () => {
  renderInApp(
    <SpecialistCard
      specialist="location"
      state="running"
      report={undefined}
      pausedBecause="no worker is at work"
      threshold={0.6}
      events={[]}
      onOpenEvidence={vi.fn()}
    />,
  );
  expect(screen.getByRole("status")).toHaveTextContent("Interrupted");
  expect(screen.getByText("It had started, and is paused: no worker is at work.")).toBeVisible();
});

test.each([
  ["remote-9", "desk-north.openai.azure.com", "remote-9 at desk-north.openai.azure.com"],
  ["casewright-rules-1", "127.0.0.1:8090", "rules model at 127.0.0.1:8090"],
  ["remote-9", undefined, "remote-9"],
])("says that %s answered at %s", (model, host, words) => {
  shown({ model, ...(host !== undefined && { model_host: host }) });
  expect(screen.getByRole("contentinfo")).toHaveTextContent(words);
});

test("says what was truncated in the model's answer", () => {
  const trimmed = "The model's answer was longer than is kept. Left out: 19 of 31 findings.";
  shown({ trimmed });
  expect(screen.getByText(trimmed)).toBeVisible();
});
