import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ana, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { ExportButtons } from "./ExportButtons";

test.each([
  [
    ana,
    [
      "export?format=json",
      "export?format=html",
      "regulatory-report?format=html",
      "regulatory-report?format=json",
    ],
  ],
  [vera, ["export?format=json", "export?format=html"]],
])("export offers what the role may have", async (identity, files) => {
  renderInApp(<ExportButtons caseId="case-1" />, identity);
  await userEvent.click(screen.getByRole("button", { name: "Export" }));
  const items = await screen.findAllByRole("menuitem");
  expect(items.map((item) => item.getAttribute("href"))).toEqual(
    files.map((file) => `/api/cases/case-1/${file}`),
  );
});
