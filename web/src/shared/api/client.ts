import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "@/api/schema";
import { ApiProblem } from "./problem";

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

/** The backend, typed by its OpenAPI document. Every error is thrown as an `ApiProblem`. */
export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => fetch(request),
});
api.use(problems);

/** The body of a successful answer. Errors were thrown before; an empty success is the server's mistake. */
export function bodyOf<T>(answer: { data?: T; response: Response }): T {
  if (answer.data === undefined) {
    throw new ApiProblem("The server sent an empty answer.", answer.response.status, "empty-answer");
  }
  return answer.data;
}
