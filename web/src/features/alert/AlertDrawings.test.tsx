import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { alert, caseAlert, caseView } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { AlertDrawings } from "./AlertDrawings";
import { AlertsPanel } from "./AlertsPanel";
import type { Drawing } from "./get-drawings";

const LOGIN = "2026-11-21T08:00:00Z";

const drawing = (over: Partial<Drawing> = {}): Drawing => ({
  kind: "map",
  title: "Where the logins came from",
  summary: "Map: from Lisbon, PT to New York, US 5,423 km in 30 minutes.",
  width: 720,
  height: 380.5,
  marks: [
    { shape: "rect", role: "sea", x: 0, y: 0, width: 720, height: 360, tip: null },
    {
      shape: "path",
      role: "land",
      points: [
        [0, 0],
        [10, 0],
        [10, 10],
      ],
      closed: true,
      tip: null,
    },
    {
      shape: "path",
      role: "arc",
      points: [
        [93.2, 190],
        [622, 212.5],
      ],
      closed: false,
      tip: "Lisbon to New York",
    },
    { shape: "circle", role: "trigger", x: 93.2, y: 190, r: 4.5, tip: "New York, US" },
    { shape: "text", role: "label", x: 110, y: 190, anchor: "end", text: "<b>New York</b>" },
  ],
  notes: ["Land: Natural Earth."],
  columns: ["Login", "Place"],
  rows: [["2026-11-21 08:00:00 UTC", "Lisbon, PT"]],
  ...over,
});

const render = () => renderInApp(<AlertDrawings caseId="case-1" alertId="alert-1" />);

test("drawing has a name, a sentence and its marks", async () => {
  const calls = serve(() => json({ items: [drawing()] }));
  const { container } = render();
  const image = await screen.findByRole("img", { name: "Where the logins came from" });
  expect(image).toHaveAccessibleDescription("Map: from Lisbon, PT to New York, US 5,423 km in 30 minutes.");
  expect(calls.map(({ path }) => path)).toEqual(["/api/cases/case-1/alerts/alert-1/drawings"]);
  expect(image).toHaveAttribute("viewBox", "0 0 720 380.5");
  const arc = container.querySelector("[data-role=arc]");
  expect(arc).toHaveAttribute("d", "M93.2,190 622,212.5");
  expect(arc).toHaveAttribute("data-line", "true");
  expect(arc?.querySelector("title")).toHaveTextContent("Lisbon to New York");
  expect(container.querySelector("[data-role=land]")).toHaveAttribute("d", "M0,0 10,0 10,10Z");
  expect(container.querySelector("[data-role=label]")).toHaveTextContent("<b>New York</b>");
  expect(screen.getByText("Land: Natural Earth.")).toBeVisible();
});

test("same numbers are in a table", async () => {
  serve(() => json({ items: [drawing()] }));
  render();
  await userEvent.setup().click(await screen.findByText("The same in numbers"));
  const table = within(screen.getByRole("table"));
  expect(table.getAllByRole("columnheader").map((cell) => cell.textContent)).toEqual(["Login", "Place"]);
  expect(table.getByRole("cell", { name: "Lisbon, PT" })).toBeVisible();
});

test("nothing stands where nothing is drawn", async () => {
  const calls = serve(() => json({ items: [] }));
  const { container } = render();
  await expect.poll(() => calls.length).toBe(1);
  expect(container.querySelector("figure")).toBeNull();
});

test("drawings that do not come can be asked for again", async () => {
  let isAway = true;
  serve(() => (isAway ? problem("casebook-unavailable", 503, "It is away.") : json({ items: [drawing()] })));
  render();
  await screen.findByText("It is away.");
  isAway = false;
  await userEvent.setup().click(screen.getByRole("button", { name: /again|retry/i }));
  expect(await screen.findByRole("img")).toBeVisible();
});

test("alert that is folded away is not drawn before it is opened", async () => {
  localStorage.clear();
  const login = { event_id: "e-1", customer_id: 42, kind: "login", occurred_at: LOGIN } as const;
  const events = [{ ...login, attributes: { success: true, ip: null, country: null } }] as never[];
  const entry = (id: string) =>
    caseAlert({ alert: alert({ alert_id: id, description: `About ${id}.`, trigger_events: events }) });
  const drawn: string[] = [];
  serve(({ path }) => {
    if (!path.endsWith("/drawings")) return json({ items: [], next_cursor: null, total: 0 });
    drawn.push(path);
    return json({ items: [drawing()] });
  });
  const view = caseView({ alerts: [entry("first"), entry("second")] });
  renderInApp(<AlertsPanel view={view} />);
  await screen.findByRole("img");
  expect(drawn).toEqual([`/api/cases/${view.case_id}/alerts/first/drawings`]);
  await userEvent.setup().click(screen.getByText("About second."));
  await expect.poll(() => drawn.length).toBe(2);
});
