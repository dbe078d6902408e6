import { vi } from "vitest";

interface Call {
  method: string;
  path: string;
  query: string;
  body: unknown;
}

type Answer = (call: Call) => Response | Promise<Response>;

const NO_STORE = "The customer store did not say what it would do.";

/** Answers the page's requests and remembers them; dry runs apart, which no store answers unless a test does. */
export function serve(
  answer: Answer,
  preview: Answer = () => problem("preview-unavailable", 503, NO_STORE),
): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const text = await request.text();
    const call = {
      method: request.method,
      path: new URL(request.url).pathname,
      query: new URL(request.url).search,
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
    if (call.path.endsWith("/preview") && call.path.startsWith("/api/cases/case-")) return preview(call);
    calls.push(call);
    return answer(call);
  });
  return calls;
}

export const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

export const problem = (id: string, status: number, detail: string): Response =>
  new Response(JSON.stringify({ type: `urn:casewright:problem:${id}`, id, title: id, status, detail }), {
    status,
    headers: { "Content-Type": "application/problem+json" },
  });
