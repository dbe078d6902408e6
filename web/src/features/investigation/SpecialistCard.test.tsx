import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { alert, report } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { SpecialistCard } from "./SpecialistCard";

const shown = (over: Parameters<typeof report>[0]) =>
  renderInApp(
    <SpecialistCard
      specialist="location"
      state="ok"
      report={report(over)}
      threshold={0.6}
      alert={alert()}
      onOpenEvidence={vi.fn()}
    />,
  );

test("says what a later round did about the feedback", () => {
  shown({ round: 2, feedback_answer: "The roaming package was looked up: there is none." });
  expect(screen.getByText("The roaming package was looked up: there is none.")).toBeVisible();
});

test("says why a finding counts for nothing", () => {
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
