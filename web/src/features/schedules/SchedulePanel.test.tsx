import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Schedule } from "@/api/types";
import { maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { SchedulePanel } from "./SchedulePanel";

const reset = (over: Partial<Schedule> = {}): Schedule => ({
  schedule_id: "reset-counts",
  description: "Sets the message counts of all users to 0, daily at 00:00 UTC.",
  interval: "P1D",
  state: "active",
  changed_by: null,
  changed_at: null,
  last_run_at: "2026-11-29T00:00:01Z",
  last_run_by: "schedule",
  last_run_day: "2026-11-29",
  next_run_at: "2026-11-30T00:00:00Z",
  is_armed: true,
  ...over,
});

test("schedule tells when it ran and runs next", async () => {
  serve(() => json({ items: [reset()] }));
  renderInApp(<SchedulePanel />);
  expect(await screen.findByText("Active")).toBeVisible();
  expect(screen.getByText(/by the schedule/)).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test.each([
  [reset({ last_run_at: null, last_run_by: null }), "none yet"],
  [reset({ last_run_by: "job" }), /by a job/],
  [reset({ last_run_by: "maria", last_run_day: null }), /by Maria, by hand/],
  [reset({ last_run_by: "job", last_run_day: null }), /by job, by hand/],
  [reset({ state: "paused", next_run_at: null }), "none while it is paused"],
  [reset({ is_armed: null }), /has not answered/],
  [reset({ is_armed: false }), /as soon as a worker is there/],
])("schedule %# says so", async (schedule, said) => {
  serve(() => json({ items: [schedule] }));
  renderInApp(<SchedulePanel />);
  expect(await screen.findByText(said)).toBeVisible();
});

test("manager pauses, resumes and resets", async () => {
  let current = reset();
  const calls = serve(({ path, method }) => {
    if (method === "GET") return json({ items: [current] });
    if (path.endsWith("/pause")) current = reset({ state: "paused", next_run_at: null });
    if (path.endsWith("/resume")) current = reset();
    return json(current);
  });
  const user = userEvent.setup();
  renderInApp(<SchedulePanel />, maria);
  await user.click(await screen.findByRole("button", { name: "Pause" }));
  await user.click(await screen.findByRole("button", { name: "Resume" }));
  expect(await screen.findByRole("button", { name: "Pause" })).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Reset the message counts…" }));
  await user.click(await screen.findByRole("button", { name: "Reset" }));
  expect(await screen.findByText("All message counts are 0.")).toBeVisible();
  const done = calls.filter(({ method }) => method === "POST").map(({ path }) => path.split("/").at(-1));
  expect(done).toEqual(["pause", "resume", "trigger"]);
});

test("refused change is told in the server's words", async () => {
  const sentence = "The case record cannot be reached.";
  serve(({ method }) =>
    method === "GET" ? json({ items: [reset()] }) : problem("casebook-unavailable", 503, sentence),
  );
  const user = userEvent.setup();
  renderInApp(<SchedulePanel />, maria);
  await user.click(await screen.findByRole("button", { name: "Pause" }));
  await waitFor(() => expect(screen.getByRole("alert")).toHaveTextContent(sentence));
});
