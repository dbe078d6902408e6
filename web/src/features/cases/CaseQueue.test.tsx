import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { summary } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { CaseQueue } from "./CaseQueue";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children, params }: { children: ReactNode; params?: { caseId: string } }) => (
    <a href={`/cases/${params?.caseId ?? ""}`}>{children}</a>
  ),
}));

const page = (items: unknown[], next_cursor: string | null = null) => json({ items, next_cursor });

test("shows that it is loading, then the cases", async () => {
  serve(() => page([summary(3, { state: "awaiting_review", due_at: "2000-01-01T00:00:00Z" })]));
  renderInApp(<CaseQueue state={undefined} threshold={0.6} />);
  expect(screen.getByRole("status", { name: "Loading the cases" })).toBeVisible();
  const row = await screen.findByRole("row", { name: /Spending spike.*Customer 3/ });
  expect(row).toHaveTextContent("0.70");
  expect(row).toHaveTextContent("Awaiting review");
  expect(row).toHaveTextContent("overdue");
});

test("says what went wrong and reads again when asked", async () => {
  let broken = true;
  serve(() =>
    broken ? problem("casebook-unavailable", 503, "The casebook is being upgraded.") : page([summary(1)]),
  );
  renderInApp(<CaseQueue state={undefined} threshold={0.6} />);
  expect(await screen.findByText("The casebook is being upgraded.")).toBeVisible();
  broken = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("row", { name: /Customer 1/ })).toBeVisible();
});

test("an empty queue says why it is empty", async () => {
  serve(() => page([]));
  renderInApp(<CaseQueue state="awaiting_review" threshold={0.6} />);
  expect(await screen.findByText("Nobody is waiting for a decision")).toBeVisible();
});

test("older cases come on demand, and a case that moved between pages shows once", async () => {
  const queries: string[] = [];
  serve(({ query }) => {
    queries.push(query);
    return query.includes("cursor=next")
      ? page([summary(2), summary(1)])
      : page([summary(3), summary(2)], "next");
  });
  renderInApp(<CaseQueue state={undefined} threshold={0.6} />);
  await userEvent.click(await screen.findByRole("button", { name: "Load older cases" }));
  await screen.findByRole("row", { name: /Customer 1/ });
  expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual([
    "/cases/case-3",
    "/cases/case-2",
    "/cases/case-1",
  ]);
  expect(screen.queryByRole("button", { name: "Load older cases" })).toBeNull();
  expect(queries).toEqual(["?limit=50", "?limit=50&cursor=next"]);
});
