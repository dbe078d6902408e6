import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ana, caseView, maria } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { ReopenBanner } from "./ReopenBanner";

const failed = caseView({ state: "closed", outcome: "failed", review: null });

async function reopen() {
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Reopen…" }));
  await user.type(await screen.findByRole("textbox", { name: /Why/ }), "The store is back.");
  await user.click(screen.getByRole("button", { name: "Reopen" }));
}

test("manager reopens a failed case with a reason", async () => {
  const calls = serve(() => json({}, 202));
  renderInApp(<ReopenBanner view={failed} />, maria);
  await reopen();
  await waitFor(() =>
    expect(calls[0]).toMatchObject({
      method: "POST",
      path: `/api/cases/${failed.case_id}/reopen`,
      body: { reason: "The store is back." },
    }),
  );
});

test("refusal shows the server's sentence", async () => {
  serve(() => problem("case-open", 409, "This case is open: there is nothing to reopen."));
  renderInApp(<ReopenBanner view={failed} />, maria);
  await reopen();
  expect(await screen.findByText("This case is open: there is nothing to reopen.")).toBeVisible();
});

test("nothing is offered to others, or of other ends", () => {
  renderInApp(<ReopenBanner view={failed} />, ana);
  renderInApp(<ReopenBanner view={caseView({ ...failed, outcome: "cleared" })} />, maria);
  renderInApp(<ReopenBanner view={caseView()} />, maria);
  expect(screen.queryByRole("button")).toBeNull();
});
