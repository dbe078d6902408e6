import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Assignment, CommonCase } from "@/api/types";
import { ana, caseView, maria, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { AssignmentLine, useAssignmentChange } from "./AssignmentLine";

const Line = ({ view }: { view: CommonCase }) => (
  <AssignmentLine view={view} change={useAssignmentChange(view)} />
);

const assigned = (subject: string, by = "system"): Assignment => ({
  assigned_to: subject,
  assigned_by: by,
  assigned_at: "2026-11-21T09:00:00Z",
});
const path = `/api/cases/${caseView().case_id}/assignment`;
const names = () => screen.queryAllByRole("button").map((button) => button.textContent);

test("analyst takes a case of the pool with one click", async () => {
  const calls = serve(() => json(assigned("ana", "ana")));
  renderInApp(<Line view={caseView()} />, ana);
  expect(names()).toEqual(["Assign to me"]);
  await userEvent.click(screen.getByRole("button", { name: "Assign to me" }));
  await waitFor(() => expect(calls[0]).toMatchObject({ method: "PUT", path, body: { assigned_to: "ana" } }));
});

test("own case is put back, another's is not", async () => {
  const calls = serve(() => new Response(null, { status: 204 }));
  const { unmount } = renderInApp(<Line view={caseView({ assignment: assigned("ben") })} />, ana);
  expect(screen.getByRole("status")).toHaveTextContent("Assigned to Ben");
  expect(screen.getByRole("status")).toHaveTextContent("by rule");
  expect(names()).toEqual([]);
  unmount();
  renderInApp(<Line view={caseView({ assignment: assigned("ana", "maria") })} />, ana);
  expect(screen.getByRole("status")).toHaveTextContent("Assigned to you");
  expect(screen.getByRole("status")).toHaveTextContent("by Maria");
  await userEvent.click(screen.getByRole("button", { name: "Back to the pool" }));
  await waitFor(() => expect(calls[0]).toMatchObject({ method: "DELETE", path }));
});

test("manager assigns to others and is told why not", async () => {
  const sentence = "ben is away until 2026-12-01 08:00 UTC: assign the case to somebody else.";
  const calls = serve(() => problem("assignee-away", 409, sentence));
  renderInApp(<Line view={caseView({ assignment: assigned("ana") })} />, maria);
  await userEvent.click(screen.getByRole("button", { name: "Assign to…" }));
  const offered = (await screen.findAllByRole("menuitem")).map((item) => item.textContent);
  expect(offered).toEqual(["Ben", "Maria"]);
  await userEvent.click(screen.getByRole("menuitem", { name: "Ben" }));
  expect(await screen.findByRole("alert")).toHaveTextContent(sentence);
  expect(calls[0]?.body).toEqual({ assigned_to: "ben" });
});

test("viewers change nothing, and a closed case is nobody's", () => {
  serve(() => json({}));
  const { unmount } = renderInApp(<Line view={caseView()} />, vera);
  expect(screen.getByText("In the pool: assigned to nobody.")).toBeVisible();
  expect(names()).toEqual([]);
  unmount();
  renderInApp(<Line view={caseView({ state: "closed" })} />, maria);
  expect(screen.queryByRole("status")).toBeNull();
});
