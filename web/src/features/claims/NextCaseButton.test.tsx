import { MantineProvider } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { createQueryClient } from "@/shared/api/query-client";
import { keys } from "@/shared/api/keys";
import { Dialog } from "@/shared/ui/Dialog";
import { ana, session } from "@/test/fixtures";
import { json, serve } from "@/test/server";
import { NextCaseButton } from "./NextCaseButton";

const FADE_MS = 3_600_000;

/** With transitions, which other tests go without: this one never ends by itself. */
function Page() {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <NextCaseButton onCase={onCase} />
      <button onClick={open}>Ask</button>
      <Dialog opened={opened} onClose={close} transitionProps={{ duration: FADE_MS }} title="Sure?">
        Really?
      </Dialog>
    </>
  );
}

const onCase = vi.fn();

function renderPage() {
  const queries = createQueryClient();
  queries.setQueryData(keys.session, session(ana));
  const calls = serve(() => json({ case_id: "case-1" }));
  render(
    <MantineProvider>
      <QueryClientProvider client={queries}>
        <Page />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { next: () => calls.filter(({ path }) => path === "/api/cases/next"), user: userEvent.setup() };
}

test("n works again as soon as a dialog closes", async () => {
  const { next, user } = renderPage();
  await user.click(screen.getByRole("button", { name: "Ask" }));
  const dialog = await screen.findByRole("dialog");
  await user.keyboard("n");
  expect(next()).toEqual([]);
  await user.keyboard("{Escape}");
  // It fades out and is still in the page.
  expect(dialog).toBeInTheDocument();
  await user.keyboard("n");
  await waitFor(() => expect(next()).toHaveLength(1));
  await waitFor(() => expect(onCase).toHaveBeenCalledWith("case-1"));
});
