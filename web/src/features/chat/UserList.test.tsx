import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { chatUser } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { UserList } from "./UserList";

const list = (
  <UserList chosen="bob" renderLink={({ user_id }, content) => <a href={`#${user_id}`}>{content}</a>} />
);

test("users are links, with more on request", async () => {
  serve(({ query }) =>
    query.includes("cursor=more")
      ? json({ items: [chatUser({ user_id: "eve", turns: 1 })], next_cursor: null })
      : json({ items: [chatUser({ customer_id: 7 })], next_cursor: "more" }),
  );
  renderInApp(list);
  expect(await screen.findByRole("link", { name: /bob.*Customer 7.*3 messages/ })).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Show more users" }));
  expect(await screen.findByRole("link", { name: /eve.*1 message/ })).toBeVisible();
  expect(screen.queryByRole("button", { name: "Show more users" })).toBeNull();
});

test("what is typed asks for ids that begin so", async () => {
  const calls = serve(() => json({ items: [], next_cursor: null }));
  renderInApp(list);
  expect(await screen.findByText("Nobody has written yet")).toBeVisible();
  await userEvent.type(screen.getByRole("textbox", { name: "Find a user" }), "ev");
  expect(await screen.findByText("Nobody's id begins like this")).toBeVisible();
  await waitFor(() => expect(calls.at(-1)?.query).toContain("starts_with=ev"));
});

test("failed list says why", async () => {
  serve(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  renderInApp(list);
  expect(await screen.findByText("The casebook cannot be reached.")).toBeVisible();
});
