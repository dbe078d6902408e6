import type { Page, Route } from "playwright-core";
import { expect, inject, test } from "vitest";
import { claimCase, openCase } from "./api";
import { useBrowser } from "./browser";
import { button, giveReason, WORK_MS } from "./page-actions";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

const approveButton = (page: Page) => button(page, /^Approve/);

test("two analysts get different next cases", async () => {
  for (const index of [0, 1]) await openCase(stack, await customerWith(stack, "data_resale", index));
  const [ana, ben] = [await open("ana"), await open("ben")];
  for (const page of [ana, ben]) {
    await page.goto(`${stack.url}/?state=["awaiting_review"]&assignee=none`);
    await page
      .getByRole("row", { name: /Customer/ })
      .nth(1)
      .waitFor({ timeout: WORK_MS });
  }
  await ana.keyboard.press("n");
  await button(ben, "Next case").click();
  for (const page of [ana, ben]) {
    await page.waitForURL("**/cases/case-*");
    await page.getByText("You work on this case.").waitFor();
  }
  expect(ana.url()).not.toBe(ben.url());
  for (const page of [ana, ben]) await button(page, "Release").click();
  await ana.getByText("Nobody works on this case.").waitFor();
});

test("stale tab is refused and shows the assignee", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "sim_swap", 2));
  const [ana, ben] = [await open("ana"), await open("ben")];
  await ben.route("**/api/events/stream*", (route) => route.abort());
  for (const page of [ana, ben]) {
    await page.goto(`${stack.url}/cases/${caseId}`);
    await approveButton(page).or(page.getByText("Nothing to decide yet")).waitFor();
  }
  await approveButton(ana).waitFor({ timeout: WORK_MS });
  await ben.reload();
  await approveButton(ben).waitFor();
  await button(ana, "Claim").click();
  await ana.getByText("You work on this case.").waitFor();

  await ben.getByRole("radio", { name: "Lock account", exact: true }).check();
  await giveReason(ben);
  await approveButton(ben).click();
  await ben.getByRole("dialog").getByRole("button", { name: "Lock account" }).click();
  await ben.getByRole("alert").filter({ hasText: "claimed this case at" }).waitFor();
  await ben.getByText("Ana works on this case: only they can decide it now.").waitFor();
  await expect.poll(() => approveButton(ben).count()).toBe(0);
  await expect.poll(() => button(ben, "Take over…").count()).toBe(0);
  await approveButton(ana).waitFor();
});

test("claim during the first reading of a case is shown", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "subscription_abuse", 3));
  const ben = await open("ben");
  const following = ben.waitForResponse("**/api/events/stream*");
  const answered = new Promise<() => Promise<void>>((resolve) => {
    const holdBack = async (route: Route) => {
      const beforeTheClaim = await route.fetch();
      resolve(() => route.fulfill({ response: beforeTheClaim }));
    };
    void ben.route(`**/api/cases/${caseId}`, holdBack, { times: 1 });
  });
  await ben.goto(`${stack.url}/cases/${caseId}`);
  const [deliver] = await Promise.all([answered, following]);
  await claimCase(stack, caseId, "ana");
  await deliver();
  await ben.getByText("Ana works on this case: only they can decide it now.").waitFor();
});

test("manager takes a case over and its assignee sees it", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "sim_swap", 3));
  const [ben, maria] = [await open("ben"), await open("maria")];
  for (const page of [ben, maria]) await page.goto(`${stack.url}/cases/${caseId}`);
  await approveButton(ben).waitFor({ timeout: WORK_MS });
  await button(ben, "Claim").click();
  await ben.getByText("You work on this case.").waitFor();

  await button(maria, "Take over…").click();
  const dialog = maria.getByRole("dialog");
  await dialog.getByRole("textbox").fill("Ben is in a meeting.");
  await dialog.getByRole("button", { name: "Take over" }).click();
  await maria.getByText("You work on this case.").waitFor();
  await ben.getByText("Maria works on this case: only they can decide it now.").waitFor();
  await maria.getByRole("region", { name: "Timeline" }).getByText("“Ben is in a meeting.”").waitFor();
});
