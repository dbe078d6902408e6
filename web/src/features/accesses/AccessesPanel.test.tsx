import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Access } from "@/api/types";
import { maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { AccessesPanel } from "./AccessesPanel";

const access = (number: number, over: Partial<Access>): Access => ({
  number,
  at: "2026-11-21T08:00:00Z",
  subject: "ana",
  kind: "case_viewed",
  case_id: "case-1",
  target: null,
  detail: {},
  once: String(number),
  hash: `sha256:${"a".repeat(64)}`,
  ...over,
});

test("accesses are fetched only for whoever asks", async () => {
  const calls = serve(({ query }) =>
    query.includes("cursor=back")
      ? json({ items: [access(1, {})], next_cursor: null, total: 2 })
      : json({
          items: [access(9, { subject: "ben", kind: "evidence_read", target: "r1-usage-1" })],
          next_cursor: "back",
          total: 2,
        }),
  );
  renderInApp(<AccessesPanel caseId="case-1" />, maria);
  expect(calls).toHaveLength(0);
  await userEvent.click(screen.getByRole("button", { name: "Show who saw this case" }));
  expect(await screen.findByRole("listitem")).toHaveTextContent("Ben read evidence r1-usage-1");
  await userEvent.click(screen.getByRole("button", { name: "Show earlier views" }));
  const list = screen.getByRole("list", { name: /newest first/ });
  expect(await within(list).findByText("Ana")).toBeVisible();
  expect(within(list).getAllByRole("listitem")).toHaveLength(2);
});

test("failed list shows the error of the server", async () => {
  serve(() => problem("not-allowed", 403, "This takes a manager."));
  renderInApp(<AccessesPanel caseId="case-1" />, maria);
  await userEvent.click(screen.getByRole("button", { name: "Show who saw this case" }));
  expect(await screen.findByText("This takes a manager.")).toBeVisible();
});
