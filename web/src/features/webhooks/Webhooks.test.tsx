import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Subscription } from "@/api/types";
import { alex, subscription } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, problem, serve } from "@/test/server";
import { SubscriptionForm } from "./SubscriptionForm";
import { SubscriptionList } from "./SubscriptionList";

const SECRET = { secret_id: "sec-2", secret: "whsec_c2VjcmV0" };
const page = (...items: Subscription[]) => json({ items });
const { progress } = subscription();

/** Serves this webhook; whatever is asked for is answered with `change`. */
function served(one: Subscription, change: () => Response = () => json(one)) {
  return serve(({ method, path }) =>
    method === "GET" && path === "/api/subscriptions" ? page(one) : change(),
  );
}

const click = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));
const inDialog = async (name: string) =>
  userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name }));

test("webhook says where it leads and how far it has come", async () => {
  served(subscription());
  renderInApp(<SubscriptionList />, alex);
  const panel = await screen.findByRole("region", { name: "https://example.com/events" });
  expect(panel).toHaveTextContent("The data warehouse");
  expect(panel).toHaveTextContent("CaseClosed, TaskOverdue");
  expect(panel).toHaveTextContent("Up to event 1,200, the newest");
  expect(within(panel).getByText("Active")).toBeVisible();
  expect(within(panel).queryByRole("button", { name: /Given up/ })).toBeNull();
});

test("failing webhook says why and what is given up", async () => {
  const fault = "The receiver answered 503 (Service Unavailable).";
  served(
    subscription({
      events: null,
      progress: { ...progress, handled: 1_100, waiting: 40, dead_letters: 2, last_fault: fault },
    }),
  );
  renderInApp(<SubscriptionList />, alex);
  const panel = await screen.findByRole("region");
  for (const said of [
    "2 given up",
    "Failing",
    fault,
    "Up to event 1,100 of 1,200; 40 events wait to be tried again",
    "All, also those of later releases",
  ])
    expect(panel).toHaveTextContent(said);
});

test.each([
  ["person", "Paused"],
  ["gone", "Paused: its receiver wants no more"],
] as const)("webhook that is paused by a %s says so", async (paused_because, said) => {
  const calls = served(subscription({ state: "paused", paused_because }));
  renderInApp(<SubscriptionList />, alex);
  expect(await screen.findByText(said)).toBeVisible();
  await click("Resume");
  await waitFor(() => expect(calls).toContainEqual(expect.objectContaining({ body: { state: "active" } })));
});

test("webhook is paused as it was read", async () => {
  const seen: (string | null)[] = [];
  const calls = served(subscription());
  const answering = window.fetch.bind(window);
  window.fetch = (request) => {
    if ((request as Request).method === "PATCH") seen.push((request as Request).headers.get("if-match"));
    return answering(request);
  };
  renderInApp(<SubscriptionList />, alex);
  await click("Pause");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({
        method: "PATCH",
        path: "/api/subscriptions/sub-1",
        body: { state: "paused" },
      }),
    ),
  );
  expect(seen).toEqual(['"4"']);
});

test("change that came too late says why", async () => {
  served(subscription(), () => problem("subscription-changed", 412, "It was changed since you read it."));
  renderInApp(<SubscriptionList />, alex);
  await click("Pause");
  expect(await screen.findByRole("alert")).toHaveTextContent("It was changed since you read it.");
});

test("new webhook shows its secret once", async () => {
  const calls = serve(({ method }) =>
    method === "POST" ? json({ subscription: subscription(), secret: SECRET }, 201) : page(),
  );
  const onClose = vi.fn();
  renderInApp(<SubscriptionForm onClose={onClose} />, alex);
  await inDialog("Make the webhook");
  expect(screen.getByText("Say where events are posted to.")).toBeVisible();
  await userEvent.type(screen.getByRole("textbox", { name: "URL" }), " https://example.com/events ");
  await userEvent.type(screen.getByRole("textbox", { name: "From event number" }), "17");
  await inDialog("Make the webhook");
  expect(await screen.findByRole("textbox", { name: "Secret" })).toHaveValue("whsec_c2VjcmV0");
  expect(calls.find(({ method }) => method === "POST")?.body).toEqual({
    url: "https://example.com/events",
    description: "",
    events: null,
    from_sequence: 17,
  });
  await userEvent.keyboard("{Escape}");
  expect(onClose).not.toHaveBeenCalled();
  await inDialog("I have it");
  expect(onClose).toHaveBeenCalledOnce();
});

test("secret is copied by its button", async () => {
  serve(({ method }) =>
    method === "POST" ? json({ subscription: subscription(), secret: SECRET }, 201) : page(),
  );
  const user = userEvent.setup();
  renderInApp(<SubscriptionForm onClose={vi.fn()} />, alex);
  await user.type(screen.getByRole("textbox", { name: "URL" }), "https://example.com{Enter}");
  await user.click(await screen.findByRole("button", { name: "Copy" }));
  expect(await screen.findByRole("button", { name: "Copied" })).toBeVisible();
  expect(await navigator.clipboard.readText()).toBe("whsec_c2VjcmV0");
});

test("only chosen events are sent", async () => {
  const calls = served(subscription({ events: null }));
  renderInApp(<SubscriptionList />, alex);
  await click("Change…");
  await userEvent.click(await screen.findByRole("checkbox", { name: /Send all events/ }));
  await inDialog("Change it");
  expect(screen.getByText("Choose an event, or send all.")).toBeVisible();
  await userEvent.type(screen.getByRole("combobox", { name: "Events" }), "MessageS");
  await userEvent.click(await screen.findByRole("option", { name: "MessageSent" }));
  await inDialog("Change it");
  await waitFor(() =>
    expect(calls.find(({ method }) => method === "PATCH")?.body).toEqual({
      url: "https://example.com/events",
      description: "The data warehouse",
      events: ["MessageSent"],
    }),
  );
});

test("address that is refused is said in the form", async () => {
  const sentence = "'127.0.0.1' is a loopback address: name a public host.";
  serve(({ method }) => (method === "POST" ? problem("webhook-url-refused", 422, sentence) : page()));
  renderInApp(<SubscriptionForm onClose={vi.fn()} />, alex);
  await userEvent.type(screen.getByRole("textbox", { name: "URL" }), "https://127.0.0.1{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent(sentence);
});

test("secret is added and the old one removed", async () => {
  const two = subscription({
    secrets: [
      { secret_id: "sec-1", created_at: "2026-11-20T08:00:00Z" },
      { secret_id: "sec-2", created_at: "2026-11-21T08:00:00Z" },
    ],
  });
  let current = subscription();
  const calls = serve(({ method }) => {
    if (method === "GET") return page(current);
    current = method === "POST" ? two : subscription();
    return method === "POST" ? json(SECRET, 201) : new Response(null, { status: 204 });
  });
  renderInApp(<SubscriptionList />, alex);
  await click("Secrets…");
  expect(await screen.findByRole("button", { name: "Remove secret 1" })).toBeDisabled();
  expect(screen.getByText(/^Secret 1 of/)).toHaveTextContent("sec-1");
  await inDialog("Add a secret");
  expect(await screen.findByRole("textbox", { name: "Secret" })).toHaveValue("whsec_c2VjcmV0");
  await inDialog("I have it");
  await click("Remove secret 1");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({ method: "DELETE", path: "/api/subscriptions/sub-1/secrets/sec-1" }),
    ),
  );
});

test("events are sent again from a number", async () => {
  const calls = served(subscription());
  renderInApp(<SubscriptionList />, alex);
  await click("Send again…");
  await userEvent.type(await screen.findByRole("textbox", { name: "From event number" }), "900{Enter}");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({ path: "/api/subscriptions/sub-1/replay", body: { from_sequence: 900 } }),
    ),
  );
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("what was given up is sent again or dropped", async () => {
  const letter = (number: number) => ({
    number,
    event_id: `${number}-CaseClosed`,
    type: "casewright.CaseClosed",
    subject: `case/case-${number}`,
    attempts: 12,
    first_tried_at: "2026-11-17T08:00:00Z",
    given_up_at: "2026-11-20T08:00:00Z",
    fault: "The receiver answered 500 (Internal Server Error).",
  });
  const one = subscription({ progress: { ...progress, dead_letters: 2 } });
  const calls = serve(({ method, path }) => {
    if (method === "DELETE") return new Response(null, { status: 204 });
    if (path === "/api/subscriptions") return page(one);
    return json({ items: [letter(8), letter(9)], next_cursor: null, total: 2 });
  });
  renderInApp(<SubscriptionList />, alex);
  await click("Given up (2)…");
  const [first] = await within(await screen.findByRole("dialog")).findAllByRole("listitem");
  expect(first).toHaveTextContent("8 · CaseClosed case/case-8The receiver answered 500");
  await click("Send event 8 again");
  await waitFor(() => expect(calls).toContainEqual(expect.objectContaining({ body: { numbers: [8] } })));
  await click("Drop event 9");
  await inDialog("Send all again");
  await waitFor(() => expect(calls).toContainEqual(expect.objectContaining({ body: { numbers: null } })));
  expect(calls).toContainEqual(
    expect.objectContaining({ method: "DELETE", path: "/api/subscriptions/sub-1/dead-letters/9" }),
  );
});

test("webhook is deleted after a question", async () => {
  const calls = served(subscription(), () => new Response(null, { status: 204 }));
  renderInApp(<SubscriptionList />, alex);
  await click("Delete…");
  expect(await screen.findByRole("dialog")).toHaveTextContent("It cannot be undone");
  await inDialog("Delete");
  await waitFor(() =>
    expect(calls).toContainEqual(
      expect.objectContaining({ method: "DELETE", path: "/api/subscriptions/sub-1" }),
    ),
  );
});

test("empty and failed lists say so", async () => {
  serve(() => page());
  const { unmount } = renderInApp(<SubscriptionList />, alex);
  expect(await screen.findByText("Nobody is sent events")).toBeVisible();
  unmount();
  serve(() => problem("casebook-unavailable", 503, "The casebook cannot be reached."));
  renderInApp(<SubscriptionList />, alex);
  expect(await screen.findByText("The casebook cannot be reached.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
});
