import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "@/api/schema";
import { isUnattended } from "./attendance";
import { ApiProblem } from "./problem";
import { revealing } from "./revealed";

const problems: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await ApiProblem.fromResponse(response);
  },
  onError({ error }) {
    // An aborted request is not a failure: the query that asked for it is gone.
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return ApiProblem.unreachable();
  },
};

/** What the page asks for by itself, while nobody is at it, does not prolong the session. */
const attendance: Middleware = {
  onRequest({ request }) {
    if (isUnattended()) request.headers.set("Casewright-Unattended", "1");
    return request;
  },
};

/** The backend, typed by its OpenAPI document. Every error is thrown as an `ApiProblem`. */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => fetch(request),
});
api.use(problems, attendance, revealing);

/** The body of a successful answer. Errors were thrown before; an empty success is the server's mistake. */
export function bodyOf<T>(answer: { data?: T; response: Response }): T {
  if (answer.data === undefined) {
    throw new ApiProblem("The server sent an empty answer.", answer.response.status, "empty-answer");
  }
  return answer.data;
}
