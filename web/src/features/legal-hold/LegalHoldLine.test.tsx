import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ana, caseView, maria, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { LegalHoldLine } from "./LegalHoldLine";

const legal_hold = { held_by: "ben", held_since: "2026-11-21T11:30:00Z", reason: "The court asked for it." };
const closed = caseView({ state: "closed", outcome: "cleared", review: null });
const path = `/api/cases/${closed.case_id}/legal-hold`;

async function answer(opener: string, action: string, why: string) {
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: opener }));
  await user.type(await screen.findByRole("textbox", { name: /Why/ }), why);
  await user.click(screen.getByRole("button", { name: action }));
}

test("manager places a legal hold with a reason", async () => {
  const calls = serve(() => json(legal_hold));
  renderInApp(<LegalHoldLine view={closed} />, maria);
  await answer("Legal hold…", "Place legal hold", legal_hold.reason);
  await waitFor(() =>
    expect(calls[0]).toMatchObject({ method: "PUT", path, body: { reason: legal_hold.reason } }),
  );
});

test("manager lifts a legal hold with a reason", async () => {
  const calls = serve(() => new Response(null, { status: 204 }));
  renderInApp(<LegalHoldLine view={{ ...closed, legal_hold }} />, maria);
  await answer("Lift…", "Lift legal hold", "It is over.");
  await waitFor(() => expect(calls[0]).toMatchObject({ method: "POST", body: { reason: "It is over." } }));
  expect(calls[0]?.path).toContain(path);
});

test("refusal shows the server's sentence", async () => {
  serve(() => problem("case-purged", 410, "The case was purged."));
  renderInApp(<LegalHoldLine view={closed} />, maria);
  await answer("Legal hold…", "Place legal hold", "The court.");
  expect(await screen.findByText("The case was purged.")).toBeVisible();
});

test.each([ana, vera])("others see it, and change nothing", (who) => {
  const { unmount } = renderInApp(<LegalHoldLine view={{ ...closed, legal_hold }} />, who);
  expect(screen.getByText(/by Ben since .*The court asked for it\./)).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
  unmount();
  renderInApp(<LegalHoldLine view={closed} />, who);
  expect(screen.queryByText(/Legal hold/)).toBeNull();
});
