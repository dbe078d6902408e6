import { screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import type { Reversal } from "@/api/types";
import { caseView } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { CaseHeader } from "./CaseHeader";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="/">{children}</a>,
}));

const reversal = (status: Reversal["status"]): Reversal => ({
  reversal_id: "case-1:unlock_account:1",
  case_id: "case-1",
  undoes: "case-1:lock_account:1",
  action: "unlock_account",
  reason: "The customer came by.",
  requested_by: "ana",
  requested_at: "2026-11-21T08:00:00Z",
  status,
  decided_by: "maria",
  decided_at: "2026-11-21T09:00:00Z",
  comment: null,
  effect: null,
});
const TITLE = { what: "Impossible travel", whom: "Customer 42" };
const locked = (status: Reversal["status"]) =>
  caseView({ state: "closed", review: null, outcome: "account_locked", reversals: [reversal(status)] });

test.each<[Reversal["status"], string]>([
  ["approved", "Account locked"],
  ["failed", "Account locked"],
  ["done", "Account locked, then lock reversed"],
])("lock with %s reversal is called “%s”", (status, words) => {
  const view = locked(status);
  renderInApp(<CaseHeader view={view} title={TITLE} reversals={view.reversals} outdated={false} />);
  expect(screen.getByRole("status")).toHaveTextContent(new RegExp(`^${words}$`));
});

test("case with a decided review is called decided", () => {
  renderInApp(<CaseHeader view={caseView({ review: null })} title={TITLE} outdated={false} />);
  expect(screen.getByRole("status")).toHaveTextContent("Decided");
});
