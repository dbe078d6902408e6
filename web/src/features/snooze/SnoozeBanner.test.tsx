import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { FraudCaseView } from "@/api/types";
import { keys } from "@/shared/api/keys";
import { ana, caseView, maria, review, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { SnoozeBanner } from "./SnoozeBanner";
import { snoozeTimes } from "@/shared/cases/snooze-times";

const HOUR = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR).toISOString();
const waiting = (over: Partial<FraudCaseView> = {}) =>
  caseView({ review: { ...review(1), due_at: inHours(72) }, ...over });
const snooze = { snoozed_by: "ben", until: inHours(2), until_activity: true };
const button = (name: string) => screen.getByRole("button", { name });

test("waiting case is snoozed for an hour", async () => {
  const calls = serve(() => json(snooze));
  const user = userEvent.setup();
  renderInApp(<SnoozeBanner view={waiting()} />);
  await user.click(button("Snooze…"));
  await user.type(await screen.findByRole("textbox", { name: "Reason" }), "She rings back.");
  await user.click(button("Snooze"));
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]).toMatchObject({
    method: "PUT",
    path: `/api/cases/${caseView().case_id}/snooze`,
    body: { until_activity: true, reason: "She rings back." },
  });
  const { until } = calls[0]?.body as { until: string };
  expect(Math.abs(Date.parse(until) - Date.now() - HOUR)).toBeLessThan(60_000);
});

test("claim of a snoozed case is not renewed", async () => {
  serve(() => json(snooze));
  const user = userEvent.setup();
  const claim = { assignee: "ana", claimed_at: inHours(-1), expires_at: inHours(1) };
  const view = waiting({ claim });
  const { queries } = renderInApp(<SnoozeBanner view={view} />);
  queries.setQueryData(keys.case(view.case_id), view);
  await user.click(button("Snooze…"));
  await user.click(await screen.findByRole("button", { name: "Snooze" }));
  await waitFor(() =>
    expect(queries.getQueryData(keys.case(view.case_id))).toMatchObject({ claim: null, snooze }),
  );
});

test("deadline being near is left to the server", async () => {
  const calls = serve(() => json(snooze));
  const user = userEvent.setup();
  renderInApp(<SnoozeBanner view={waiting()} />);
  await user.click(button("Snooze…"));
  await user.click(await screen.findByRole("radio", { name: /Until its deadline is near/ }));
  await user.click(screen.getByRole("checkbox"));
  await user.click(button("Snooze"));
  await waitFor(() => expect(calls[0]?.body).toEqual({ until_activity: false }));
});

test("only times before the deadline are offered", () => {
  const friday = new Date(2026, 10, 27, 16).getTime();
  const offered = (hours: number) => snoozeTimes(friday, friday + hours * HOUR).map(({ value }) => value);
  expect(offered(72)).toEqual(["1h", "4h", "tomorrow", "monday"]);
  expect(offered(20)).toEqual(["1h", "4h", "tomorrow"]);
  expect(offered(2)).toEqual(["1h"]);
});

test("a time after the deadline cannot be sent", async () => {
  const user = userEvent.setup();
  renderInApp(<SnoozeBanner view={waiting()} />);
  await user.click(button("Snooze…"));
  await user.click(await screen.findByRole("radio", { name: "Until another time" }));
  const field = screen.getByLabelText("Until");
  await user.clear(field);
  await user.type(field, "2126-01-01T09:00");
  expect(screen.getByText(/Choose a time between now and its deadline/)).toBeVisible();
  expect(button("Snooze")).toBeDisabled();
});

test("snoozed case says until when, and by whom", async () => {
  const calls = serve(() => new Response(null, { status: 204 }));
  renderInApp(<SnoozeBanner view={waiting({ snooze })} />);
  expect(screen.getByRole("status")).toHaveTextContent(
    /Snoozed by Ben until .*, or until somebody else adds/,
  );
  await userEvent.click(button("End snooze"));
  await waitFor(() => expect(calls[0]?.method).toBe("DELETE"));
});

test("refusal shows the server's sentence", async () => {
  serve(() => problem("not-snoozed", 409, "This case is not snoozed: there is nothing to end."));
  renderInApp(<SnoozeBanner view={waiting({ snooze })} />);
  await userEvent.click(button("End snooze"));
  expect(await screen.findByText("This case is not snoozed: there is nothing to end.")).toBeVisible();
});

test("snooze whose time is over is not shown", () => {
  renderInApp(<SnoozeBanner view={waiting({ snooze: { ...snooze, until: inHours(-1) } })} />);
  expect(screen.queryByText(/Snoozed/)).toBeNull();
  expect(button("Snooze…")).toBeVisible();
});

test("nobody else snoozes a claimed or escalated case", () => {
  const claim = { assignee: "ben", claimed_at: inHours(-1), expires_at: inHours(1) };
  const escalated = { ...review(1), due_at: inHours(9), required_role: "manager" as const };
  const offers = (view: FraudCaseView, who = ana) => {
    const { unmount } = renderInApp(<SnoozeBanner view={view} />, who);
    const offered = screen.queryByRole("button", { name: "Snooze…" }) !== null;
    unmount();
    return offered;
  };
  expect(offers(waiting({ claim }))).toBe(false);
  expect(offers(waiting({ claim: { ...claim, assignee: "ana" } }))).toBe(true);
  expect(offers(waiting({ review: escalated }))).toBe(false);
  expect(offers(waiting({ review: escalated }), maria)).toBe(true);
  expect(offers(waiting(), vera)).toBe(false);
});
