import { useQuery } from "@tanstack/react-query";
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Identity } from "@/api/types";
import { api, bodyOf } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import { maskEverything } from "@/shared/api/personal-data";
import { ana, session } from "@/test/fixtures";
import { renderInApp } from "@/test/render";
import { json, serve } from "@/test/server";
import { PersonalDataToggle } from "./PersonalDataToggle";

const ben: Identity = { ...ana, subject: "ben", name: "Ben" };
const vera: Identity = { ...ana, subject: "vera", roles: ["viewer"] };

function Page({ caseId }: { caseId: string }) {
  const found = useQuery({
    queryKey: keys.case(caseId),
    queryFn: async ({ signal }) => {
      const params = { path: { case_id: caseId } };
      return bodyOf(await api.GET("/api/cases/{case_id}", { params, signal }));
    },
  });
  return (
    <>
      <PersonalDataToggle key={caseId} caseId={caseId} />
      <p>{found.data === undefined ? "waiting" : (found.data as unknown as { name: string }).name}</p>
    </>
  );
}

const answering = () =>
  serve(({ query }) => json({ name: query.includes("personal_data=shown") ? "Maria Keller" : "M. K." }));

const button = () => screen.getByRole("button", { name: "Show personal data" });

test("the button shows personal data until it is pressed again", async () => {
  const calls = answering();
  const { queries } = renderInApp(<Page caseId="case-1" />);
  await screen.findByText("M. K.");
  expect(button().getAttribute("aria-pressed")).toBe("false");
  await userEvent.click(button());
  await screen.findByText("Maria Keller");
  expect(button().getAttribute("aria-pressed")).toBe("true");
  expect(screen.getByRole("status").textContent).toContain("is shown; that is recorded");
  await userEvent.click(button());
  expect(screen.queryByText("Maria Keller")).toBeNull();
  await screen.findByText("M. K.");
  expect(calls.map(({ query }) => query)).toEqual(["", "?personal_data=shown", ""]);
  expect(
    JSON.stringify(
      queries
        .getQueryCache()
        .getAll()
        .map(({ state }) => state.data),
    ),
  ).not.toContain("Keller");
});

test("another case is masked, and the first one again after it", async () => {
  answering();
  const { queries, rerender } = renderInApp(<Page caseId="case-1" />);
  await userEvent.click(button());
  await screen.findByText("Maria Keller");
  rerender(<Page caseId="case-2" />);
  await screen.findByText("M. K.");
  expect(queries.getQueryData(keys.case("case-1"))).toBeUndefined();
  rerender(<Page caseId="case-1" />);
  await screen.findByText("M. K.");
  expect(button().getAttribute("aria-pressed")).toBe("false");
});

test.each([
  ["the session ends", null],
  ["somebody else signs in", ben],
])("nothing shown stays when %s", async (_, next) => {
  answering();
  const { queries } = renderInApp(<Page caseId="case-1" />);
  await userEvent.click(button());
  await screen.findByText("Maria Keller");
  act(() => {
    queries.setQueryData(keys.session, next === null ? { ...session(null), lapsed: ana } : session(next));
  });
  await waitFor(() => expect(screen.queryByText("Maria Keller")).toBeNull());
  await screen.findByText("M. K.");
  expect(button().getAttribute("aria-pressed")).toBe("false");
});

test("everything is masked before somebody else signs in", async () => {
  answering();
  const { queries } = renderInApp(<Page caseId="case-1" />);
  await userEvent.click(button());
  await screen.findByText("Maria Keller");
  act(() => maskEverything(queries));
  expect(queries.getQueryData(keys.case("case-1"))).toBeUndefined();
  await screen.findByText("M. K.");
});

test("an answer that comes after the button was released is not shown", async () => {
  let answer: (response: Response) => void = () => undefined;
  serve(({ query }) =>
    query === "" ? json({ name: "M. K." }) : new Promise<Response>((resolve) => (answer = resolve)),
  );
  renderInApp(<Page caseId="case-1" />);
  await screen.findByText("M. K.");
  await userEvent.click(button());
  await userEvent.click(button());
  act(() => answer(json({ name: "Maria Keller" })));
  await screen.findByText("M. K.");
  expect(screen.queryByText("Maria Keller")).toBeNull();
});

test("viewers have no button", async () => {
  answering();
  renderInApp(<Page caseId="case-1" />, vera);
  await screen.findByText("M. K.");
  expect(screen.queryByRole("button")).toBeNull();
});
