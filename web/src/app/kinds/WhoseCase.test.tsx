import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Assignment, Claim } from "@/api/types";
import { ana, caseView, maria, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { WhoseCase } from "./WhoseCase";

const assignment: Assignment = {
  assigned_to: "ben",
  assigned_by: "system",
  assigned_at: "2026-11-21T09:00:00Z",
};
const claim = (seconds: number): Claim => ({
  assignee: "ben",
  claimed_at: new Date().toISOString(),
  expires_at: new Date(Date.now() + seconds * 1000).toISOString(),
});
const said = () => screen.getAllByRole("status").map((line) => line.textContent);

test("case of nobody takes one line", async () => {
  const calls = serve(() => json({ ...assignment, assigned_to: "ana" }));
  renderInApp(<WhoseCase view={caseView()} />, ana);
  const line = screen.getByRole("status");
  expect(line).toHaveTextContent("In the pool: nobody works on this case.");
  expect(
    within(line)
      .getAllByRole("button")
      .map((button) => button.textContent),
  ).toEqual(["Claim", "Assign to me"]);
  await userEvent.click(screen.getByRole("button", { name: "Assign to me" }));
  await waitFor(() => expect(calls[0]).toMatchObject({ method: "PUT", body: { assigned_to: "ana" } }));
});

test("refused assignment is told below the one line", async () => {
  serve(() => problem("assignee-away", 409, "Ben is away."));
  renderInApp(<WhoseCase view={caseView()} />, maria);
  await userEvent.click(screen.getByRole("button", { name: "Assign to…" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Ben" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Ben is away.");
});

test("whoever works on it or has it gets a line", () => {
  serve(() => json({}));
  const { unmount } = renderInApp(<WhoseCase view={caseView({ assignment })} />, ana);
  expect(said()).toEqual(["Nobody works on this case.Claim", expect.stringContaining("Assigned to Ben")]);
  unmount();
  renderInApp(<WhoseCase view={caseView({ claim: claim(600) })} />, ana);
  expect(said()).toEqual([
    expect.stringContaining("Ben works on this case"),
    "In the pool: assigned to nobody.",
  ]);
});

test("claim that has run out is nobody's", () => {
  serve(() => json({}));
  renderInApp(<WhoseCase view={caseView({ claim: claim(-1) })} />, vera);
  expect(said()).toEqual(["In the pool: nobody works on this case."]);
  expect(screen.queryByRole("button")).toBeNull();
});
