import { QueryClientProvider } from "@tanstack/react-query";
import { MantineProvider, Textarea } from "@mantine/core";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Identity, Session } from "@/api/types";
import { ana, ben, session } from "@/test/fixtures";
import { json, problem, serve } from "@/test/server";
import { createQueryClient } from "@/shared/api/query-client";
import { keys } from "@/shared/api/keys";
import { SESSION_CHANNEL } from "./other-tabs";
import { SignInGate } from "./SignInGate";

function renderGate() {
  const queries = createQueryClient();
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queries}>
        <SignInGate>
          <Textarea label="Feedback" />
        </SignInGate>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return queries;
}

test("first visit chooses a name before anything shows", async () => {
  const calls = serve(({ method }) => json(session(method === "POST" ? ana : null)));
  renderGate();
  expect(await screen.findByRole("heading", { name: "Who is at the desk?" })).toBeVisible();
  expect(screen.queryByRole("textbox")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: /^Ana/ }));
  expect(await screen.findByRole("textbox")).toBeVisible();
  expect(calls.at(-1)?.body).toEqual({ persona: "ana" });
});

/** Types a draft; then the session ends, as a request of the page finds out. */
async function typeUntilRefused(endSession: () => void) {
  const queries = renderGate();
  const user = userEvent.setup();
  await user.type(await screen.findByRole("textbox"), "Check the ticket.");
  endSession();
  const { api } = await import("@/shared/api/client");
  await queries
    .query({ queryKey: keys.caseCounts, queryFn: () => api.GET("/api/cases/counts") })
    .catch(() => undefined);
  return user;
}

test("expired session asks for a name and keeps drafts", async () => {
  let signedIn = true;
  serve(({ method, path }) => {
    if (path !== "/api/session")
      return signedIn ? json({}) : problem("not-signed-in", 401, "Nobody is signed in.");
    if (method === "POST") signedIn = true;
    return json(session(signedIn ? ben : null));
  });
  const user = await typeUntilRefused(() => (signedIn = false));
  const dialog = await screen.findByRole("dialog");
  expect(dialog).toHaveTextContent("What you typed is still there.");
  await user.click(screen.getByRole("button", { name: /^Ben/ }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(screen.getByRole("textbox")).toHaveValue("Check the ticket.");
});

const atProvider = (identity: Identity | null): Session => ({
  identity,
  auth_mode: "oidc",
  personas: [],
});

test("desk with a provider leads there and back", async () => {
  window.history.replaceState(null, "", "/cases/case-1?tab=notes");
  serve(() => json(atProvider(null)));
  renderGate();
  const link = await screen.findByRole("link", { name: "Sign in" });
  expect(link).toHaveAttribute(
    "href",
    `/api/session/sign-in?return_to=${encodeURIComponent("/cases/case-1?tab=notes")}`,
  );
  expect(screen.queryByRole("list", { name: "Personas" })).toBeNull();
  window.history.replaceState(null, "", "/");
});

test("sign-in in another tab goes on here with drafts", async () => {
  let signedIn = true;
  serve(({ path }) => {
    if (path === "/api/session") return json(atProvider(signedIn ? ben : null));
    return signedIn ? json({}) : problem("not-signed-in", 401, "Nobody is signed in.");
  });
  await typeUntilRefused(() => (signedIn = false));
  const link = await screen.findByRole("link", { name: "Sign in again" });
  expect(link).toHaveAttribute("target", "_blank");
  expect(link).toHaveAttribute("href", "/api/session/sign-in?return_to=%2Fsigned-in");
  signedIn = true;
  const otherTab = new BroadcastChannel(SESSION_CHANNEL);
  otherTab.postMessage("signed-in");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  otherTab.close();
  expect(screen.getByRole("textbox")).toHaveValue("Check the ticket.");
});
