import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import type { AutonomyBand } from "@/api/types";
import { ana, maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { AutonomyBands } from "./AutonomyBands";
import { written } from "./words";

const TWO: AutonomyBand = { decider: "two_people", from_score: 0.8, from_severity: "high" };

function Form({ onChange }: { onChange: (bands: AutonomyBand[]) => void }) {
  const [bands, setBands] = useState<AutonomyBand[]>([]);
  const set = (next: AutonomyBand[]) => {
    setBands(next);
    onChange(next);
  };
  return <AutonomyBands bands={bands} isLocked={false} onChange={set} />;
}

test("band is added, set and removed", async () => {
  const onChange = vi.fn();
  renderInApp(<Form onChange={onChange} />, maria);
  await userEvent.click(screen.getByRole("button", { name: "Add a band" }));
  const band = within(screen.getByRole("group", { name: "Band 1" }));
  await userEvent.click(band.getByRole("combobox", { name: "Decides" }));
  await userEvent.click(await screen.findByRole("option", { name: "Two people" }));
  const score = band.getByRole("textbox", { name: "From a risk score of" });
  await userEvent.clear(score);
  await userEvent.type(score, "0.8");
  await userEvent.click(band.getByRole("combobox", { name: "Alerts of severity" }));
  await userEvent.click(await screen.findByRole("option", { name: "High or worse" }));
  expect(onChange).toHaveBeenLastCalledWith([TWO]);
  await userEvent.click(band.getByRole("button", { name: "Remove band 1" }));
  expect(onChange).toHaveBeenLastCalledWith([]);
});

test("who may not change a rule sees its bands and no buttons", () => {
  renderInApp(<AutonomyBands bands={[TWO]} isLocked onChange={() => undefined} />, ana);
  expect(screen.getByRole("combobox", { name: "Decides" })).toHaveValue("Two people");
  expect(screen.queryByRole("button")).toBeNull();
});

test("history says bands in words", () => {
  expect(written([TWO, { decider: "manager_first", from_score: 0, from_severity: "low" }])).toBe(
    "two people from 0.8 (high or worse), a manager first from 0",
  );
});
