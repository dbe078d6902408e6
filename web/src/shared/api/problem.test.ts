import { expect, test } from "vitest";
import { json, problem, serve } from "@/test/server";
import { api } from "./client";
import { ApiProblem, errorMessage } from "./problem";

const read = () => api.GET("/api/cases/{case_id}", { params: { path: { case_id: "case-1" } } });

test("problem document keeps its sentence, id and status", async () => {
  serve(() => problem("case-not-found", 404, "There is no case 'case-1'."));
  const error = await read().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiProblem);
  expect(error).toMatchObject({ message: "There is no case 'case-1'.", status: 404, id: "case-not-found" });
  expect((error as ApiProblem).mayPass).toBe(false);
});

test("response without a document still gives a sentence", async () => {
  serve(() => new Response("<html>Bad gateway</html>", { status: 502 }));
  const error = await read().catch((thrown: unknown) => thrown);
  expect(errorMessage(error)).toBe("The server answered 502.");
  expect((error as ApiProblem).mayPass).toBe(true);
});

test("malformed problem document is not trusted", async () => {
  serve(() => json({ detail: { nested: true } }, 500));
  const error = await read().catch((thrown: unknown) => thrown);
  expect(errorMessage(error)).toBe("The server answered 500.");
});

test("unreachable server differs from a refusing one", async () => {
  serve(() => Promise.reject(new TypeError("Failed to fetch")));
  const error = await read().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ status: 0, id: "unreachable", mayPass: true });
  expect(errorMessage(error)).toMatch(/cannot be reached/);
});

test("page error is not shown as server text", () => {
  expect(errorMessage(new TypeError("x is undefined"))).toMatch(/Something went wrong in this page/);
});
