import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, maria, people, review, summary } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, serve } from "@/test/server";
import { BulkBar } from "./BulkBar";

const REFUSED = "Ben claimed this case at 09:12 UTC.";
const bound = {
  review_id: review(1).review_id,
  assessment_hash: review(1).assessment_hash,
};
const fine = { case_id: "case-1", ok: true, reason: null, ...bound };
const refused = { case_id: "case-2", ok: false, reason: REFUSED, ...bound };
const chosen = new Map([1, 2].map((number) => [`case-${number}`, summary(number)]));
const button = (name: string | RegExp) => screen.getByRole("button", { name });

test("bulk request applies only what the preview allowed", async () => {
  const calls = serve(({ path }) => json({ items: path.endsWith("/preview") ? [fine, refused] : [fine] }));
  const onClear = vi.fn();
  const user = userEvent.setup();
  renderInApp(<BulkBar chosen={chosen} identity={ana} people={people} onClear={onClear} />);
  await user.click(button("Close as false positive…"));
  const dialog = await screen.findByRole("dialog");
  expect(await within(dialog).findByText("1 will be cleared, 1 refused.")).toBeVisible();
  expect(within(dialog).getByText(REFUSED)).toBeVisible();
  await user.click(button("Close 1 case"));
  expect(await within(dialog).findByText("1 cleared, 1 refused.")).toBeVisible();
  await waitFor(() => expect(calls).toHaveLength(2));
  expect(calls[1]?.body).toEqual({
    action: "close_false_positive",
    items: [{ case_id: "case-1", ...bound }],
  });
  expect(onClear).not.toHaveBeenCalled();
});

test("managers assign, and only to analysts", async () => {
  const calls = serve(() => json({ items: [fine] }));
  const user = userEvent.setup();
  const { unmount } = renderInApp(
    <BulkBar chosen={chosen} identity={ana} people={people} onClear={vi.fn()} />,
  );
  expect(screen.queryByRole("button", { name: "Assign to" })).toBeNull();
  unmount();
  renderInApp(<BulkBar chosen={chosen} identity={maria} people={people} onClear={vi.fn()} />, maria);
  await user.click(button("Assign to"));
  const names = (await screen.findAllByRole("menuitem")).map((item) => item.textContent);
  expect(names).toEqual(["Ana", "Ben", "Maria"]);
  await user.click(screen.getByRole("menuitem", { name: "Ben" }));
  await waitFor(() => expect(calls[0]?.body).toMatchObject({ action: "assign", assignee: "ben" }));
});

test("chosen cases are snoozed until a time, with a reason", async () => {
  const calls = serve(({ path }) => json({ items: path.endsWith("/preview") ? [fine, refused] : [fine] }));
  const user = userEvent.setup();
  renderInApp(<BulkBar chosen={chosen} identity={ana} people={people} onClear={vi.fn()} />);
  await user.click(button("Snooze"));
  await user.click(await screen.findByRole("menuitem", { name: "For four hours" }));
  const dialog = await screen.findByRole("dialog");
  expect(await within(dialog).findByText("1 will be snoozed, 1 refused.")).toBeVisible();
  await user.type(within(dialog).getByRole("textbox", { name: /Reason/ }), "The bank calls back.");
  await user.click(button("Snooze 1 case"));
  expect(await within(dialog).findByText("1 snoozed, 1 refused.")).toBeVisible();
  const order = calls[1]?.body as { until: string };
  expect(order).toMatchObject({
    action: "snooze",
    until_activity: true,
    comment: "The bank calls back.",
    items: [{ case_id: "case-1", ...bound }],
  });
  expect(Math.round((Date.parse(order.until) - Date.now()) / 3_600_000)).toBe(4);
});
