import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ana, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { ExportButtons } from "./ExportButtons";

const FILES = [
  "export?format=json",
  "export?format=html",
  "regulatory-report?format=html",
  "regulatory-report?format=json",
];

test("viewers are offered no files", () => {
  renderInApp(<ExportButtons caseId="case-1" />, vera);
  expect(screen.queryByRole("button")).toBeNull();
});

test("analysts are offered every file", async () => {
  renderInApp(<ExportButtons caseId="case-1" />, ana);
  await userEvent.click(screen.getByRole("button", { name: "Export" }));
  const items = await screen.findAllByRole("menuitem");
  expect(items.map((item) => item.getAttribute("href"))).toEqual(
    FILES.map((file) => `/api/cases/case-1/${file}`),
  );
});
