import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { renderInApp } from "@/test/render";
import { ExportMenu } from "./ExportMenu";

test("export asks for the filters of the list", async () => {
  renderInApp(
    <ExportMenu query={{ state: ["escalated", "acting"], q: "a&b=c", overdue: true, sort: "-score" }} />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Export" }));
  expect(await screen.findByRole("menuitem", { name: /CSV/ })).toHaveAttribute(
    "href",
    "/api/exports/cases?format=csv&state=escalated&state=acting&q=a%26b%3Dc&overdue=true",
  );
  expect(screen.getByRole("menuitem", { name: /JSON Lines/ })).toHaveAttribute(
    "href",
    "/api/exports/cases?format=jsonl&state=escalated&state=acting&q=a%26b%3Dc&overdue=true",
  );
});
