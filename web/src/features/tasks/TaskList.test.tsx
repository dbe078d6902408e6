import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { task, vera } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { CaseTasksPanel } from "./CaseTasksPanel";
import { TaskList } from "./TaskList";

const list = <TaskList query={{ state: "open" }} label="Tasks" empty="Nothing is to be done" />;
const page = (items: unknown[], next: string | null = null) => json({ items, next_cursor: next });

test("tasks say when, whose and about what", async () => {
  serve(() => page([task(1, { is_overdue: true, customer_id: 7 }), task(2, { due: null })]));
  renderInApp(list);
  const [first, second] = await screen.findAllByRole("listitem");
  expect(first).toHaveTextContent("Task 1OverdueDue 2026-11-30 09:00 (Asia/Tokyo) · Ana · Customer 7");
  expect(second).toHaveTextContent("No due time");
});

test("more tasks come on request", async () => {
  serve(({ query }) => (query.includes("cursor=more") ? page([task(2)]) : page([task(1)], "more")));
  renderInApp(list);
  await userEvent.click(await screen.findByRole("button", { name: "Show more tasks" }));
  expect(await screen.findByText("Task 2")).toBeVisible();
  expect(screen.getAllByRole("listitem")).toHaveLength(2);
});

test("task is completed as it was read", async () => {
  const sent: (string | null)[] = [];
  const calls = serve(({ method }) => (method === "GET" ? page([task(1, { revision: 3 })]) : json(task(1))));
  const answering = window.fetch.bind(window);
  window.fetch = (request) => {
    if ((request as Request).method === "POST") sent.push((request as Request).headers.get("if-match"));
    return answering(request);
  };
  renderInApp(list);
  await userEvent.click(await screen.findByRole("button", { name: "Complete: Task 1" }));
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({ method: "POST", path: "/api/tasks/task-1/complete" }),
    ),
  );
  expect(sent).toEqual(['"3"']);
});

test("change that came too late says why", async () => {
  serve(({ method }) =>
    method === "GET" ? page([task(1)]) : problem("task-changed", 412, "The task was changed meanwhile."),
  );
  renderInApp(list);
  await userEvent.click(await screen.findByRole("button", { name: "Complete: Task 1" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("The task was changed meanwhile.");
});

test("task is deleted after a question", async () => {
  const calls = serve(({ method }) =>
    method === "GET" ? page([task(1)]) : new Response(null, { status: 204 }),
  );
  renderInApp(list);
  await userEvent.click(await screen.findByRole("button", { name: "Delete: Task 1" }));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("deleted for good");
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete" }));
  await waitFor(() =>
    expect(calls).toContainEqual(expect.objectContaining({ method: "DELETE", path: "/api/tasks/task-1" })),
  );
});

test("viewer reads tasks and changes none", async () => {
  serve(() => page([task(1)]));
  renderInApp(<CaseTasksPanel caseId="case-1" />, vera);
  expect(await screen.findByText("Task 1")).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("new task of a case is about it", async () => {
  const calls = serve(({ method }) => (method === "GET" ? page([]) : json(task(1), 201)));
  renderInApp(<CaseTasksPanel caseId="case-1" />);
  expect(await screen.findByText("Nothing is to be done")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "New task…" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.click(within(dialog).getByRole("button", { name: "Make the task" }));
  expect(within(dialog).getByText("Say what is to be done.")).toBeVisible();
  await userEvent.type(within(dialog).getByRole("textbox", { name: "What is to be done" }), "Call back");
  await userEvent.click(within(dialog).getByRole("button", { name: "Make the task" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(calls.find(({ method }) => method === "POST")?.body).toEqual({
    title: "Call back",
    notes: null,
    assignee: "ana",
    due: null,
    case_id: "case-1",
  });
});

test("failed list can be read again", async () => {
  serve(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  renderInApp(list);
  expect(await screen.findByText("The casebook cannot be reached.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
});
