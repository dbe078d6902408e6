import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { alert } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { AlertPanel } from "./AlertPanel";

test("what a person noticed is not said to come from a rule", () => {
  renderInApp(<AlertPanel alert={alert({ source: "manual", rule_id: "manual" })} />);
  expect(screen.getByText(/^Raised/)).toBeVisible();
  expect(screen.queryByText(/Rule/)).toBeNull();
});

test("what a rule noticed names the rule and its version", () => {
  renderInApp(<AlertPanel alert={alert()} />);
  expect(screen.getByText(/Rule/)).toHaveTextContent(/Rule impossible_travel v1 · raised/);
});

test("what was left out of an alert is said", () => {
  renderInApp(<AlertPanel alert={alert({ trimmed: "The alert took 368,808 bytes: 9 events were cut." })} />);
  expect(screen.getByText("The alert took 368,808 bytes: 9 events were cut.")).toBeVisible();
});
