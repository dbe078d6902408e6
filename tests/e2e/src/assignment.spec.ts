import { inject, test } from "vitest";
import { openCase } from "./api";
import { useBrowser } from "./browser";
import { button, WORK_MS } from "./page-actions";
import { customerWith } from "./stack";

const stack = inject("stack");
const { open } = useBrowser();

test("case goes from hand to hand and back when its holder is away", async () => {
  const caseId = await openCase(stack, await customerWith(stack, "travel", 3));
  const [ana, ben, maria] = [await open("ana"), await open("ben"), await open("maria")];
  for (const page of [ana, maria]) await page.goto(`${stack.url}/cases/${caseId}`);
  await ana.getByText("In the pool: nobody works on this case.").waitFor();
  await button(ana, "Assign to me").click();
  await ana.getByText("Assigned to you").waitFor();
  await maria.getByText("Assigned to Ana").first().waitFor();
  await button(maria, "Assign to…").click();
  await maria.getByRole("menuitem", { name: "Ben" }).click();
  await ana.getByText("Assigned to Ben").first().waitFor();

  await ben.goto(`${stack.url}/?assigned_to=me`);
  await ben
    .getByRole("row", { name: /Customer/ })
    .first()
    .waitFor({ timeout: WORK_MS });

  await maria.goto(`${stack.url}/settings`);
  await button(maria, "Add a member").click();
  await maria.getByRole("menuitem", { name: "Ben" }).click();
  await button(maria, "Add an absence of Ben").click();
  await maria.getByLabel("Away from").fill("2026-01-01T08:00");
  await button(maria, "Save").click();
  await ana.getByText("In the pool: nobody works on this case.").waitFor({ timeout: WORK_MS });
  await maria.getByText("changed how cases are assigned").first().waitFor();

  await button(maria, "Remove Ben").click();
  await button(maria, "Save").click();
  await maria.getByText("No members").waitFor();
});
