import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { AssignmentSetting } from "@/api/types";
import { maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { AssignmentForm } from "./AssignmentForm";

const setting = (over: Partial<AssignmentSetting> = {}): AssignmentSetting => ({
  version: 3,
  rules: { mode: "off", members: [] },
  changed_by: null,
  changed_at: null,
  ...over,
});
const ingest = { alerts_by_rule: { login_storm: 1 } };

function answering(current: AssignmentSetting, put: () => Response) {
  return serve(({ path, method }) =>
    path === "/api/ingest" ? json(ingest) : method === "PUT" ? put() : json(current),
  );
}

test("manager names members, their skills and absences", async () => {
  const calls = answering(setting(), () => json(setting({ version: 4 })));
  const user = userEvent.setup();
  renderInApp(<AssignmentForm />, maria);
  expect(await screen.findByText("No members")).toBeVisible();
  expect(screen.getByRole("button", { name: "Save" })).toBeDisabled();
  await user.click(screen.getByRole("radio", { name: "By load" }));
  await user.click(screen.getByRole("button", { name: "Add a member" }));
  expect((await screen.findAllByRole("menuitem")).map((item) => item.textContent)).toEqual([
    "Ana",
    "Ben",
    "Maria",
  ]);
  await user.click(screen.getByRole("menuitem", { name: "Ana" }));
  const member = screen.getByRole("listitem", { name: "Ana" });
  await user.type(within(member).getByRole("combobox", { name: "Takes only" }), "login_storm{Enter}");
  await user.click(within(member).getByRole("button", { name: "Add an absence of Ana" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(calls.some(({ method }) => method === "PUT")).toBe(true));
  const body = calls.find(({ method }) => method === "PUT")?.body as AssignmentSetting;
  expect(body).toMatchObject({
    version: 3,
    rules: { mode: "by_load", members: [{ subject: "ana", role: "analyst", skills: ["login_storm"] }] },
  });
  const [absence] = body.rules.members[0]?.absences ?? [];
  expect(Date.parse(absence?.ends_at ?? "") - Date.parse(absence?.begins_at ?? "")).toBe(24 * 3_600_000);
});

test("setting that somebody else changed is shown again", async () => {
  const sentence =
    "The setting was changed by olga meanwhile, it has version 4 now: look at it, then change.";
  let current = setting();
  serve(({ path, method }) =>
    path === "/api/ingest"
      ? json(ingest)
      : method === "PUT"
        ? problem("setting-changed", 409, sentence)
        : json(current),
  );
  const user = userEvent.setup();
  renderInApp(<AssignmentForm />, maria);
  await user.click(await screen.findByRole("radio", { name: "In turn" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("alert")).toHaveTextContent(sentence);
  expect(screen.getByRole("radio", { name: "In turn" })).toBeChecked();
  current = setting({ version: 4, rules: { mode: "by_load", members: [] }, changed_by: "maria" });
  await user.click(screen.getByRole("button", { name: "Show the current setting" }));
  await waitFor(() => expect(screen.getByRole("radio", { name: "By load" })).toBeChecked());
});

test("failed setting shows the error of the server", async () => {
  serve(() => problem("not-allowed", 403, "This needs the role 'manager', which you do not have."));
  renderInApp(<AssignmentForm />, maria);
  expect(await screen.findByText(/This needs the role 'manager'/)).toBeVisible();
});
