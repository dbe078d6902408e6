import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchBrowser } from "./browser";
import { bearerOf, signIn } from "./personas";
import { freePorts, type Stack, startProcess, startStack } from "./stack";

/**
 * A page of somebody else, open in the browser of an analyst who is signed in. Its name leads to this machine, as names
 * do that are made to lead elsewhere once the page is there (DNS rebinding).
 */
const EVIL = "evil.example";
const FLAGS = [
  `--host-resolver-rules=MAP ${EVIL} 127.0.0.1`,
  // The browser would ask its user before a page reaches this machine: that the servers refuse by themselves is shown.
  "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
];
const ALERT = {
  customer_id: 1,
  alert_type: "impossible_travel",
  description: "Opened by a foreign page.",
  severity: "low",
  trigger_events: [],
};
const CALL = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "get_customer", arguments: { customer_id: 1 } },
};

/** Those of the stack, and of processes that it can do without: the scheduler's monitoring, and an ingest. */
type Ports = Readonly<Record<keyof Stack["ports"] | "monitoring" | "ingest", string>>;

interface Probe {
  port: keyof Ports;
  path: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  body?: object;
}

const PROBES: readonly Probe[] = [
  { port: "backend", path: "/api/cases", method: "GET" },
  { port: "backend", path: "/api/session", method: "GET" },
  { port: "backend", path: "/openapi.json", method: "GET" },
  { port: "backend", path: "/metrics", method: "GET" },
  { port: "backend", path: "/api/conversations", method: "GET" },
  { port: "backend", path: "/api/session", method: "POST", body: { persona: "alex" } },
  { port: "backend", path: "/api/session/token", method: "POST", body: { persona: "alex" } },
  { port: "backend", path: "/api/workflow/start", method: "POST", body: ALERT },
  { port: "backend", path: "/api/chat?wait=0", method: "POST", body: { user_id: "evil", text: "Hello" } },
  { port: "backend", path: "/api/session", method: "DELETE" },
  { port: "tools", path: "/mcp", method: "POST", body: CALL },
  { port: "tools", path: "/mcp", method: "GET" },
  { port: "model", path: "/control", method: "GET" },
  { port: "model", path: "/control", method: "PUT", body: { latency_ms: 5_000 } },
  { port: "model", path: "/v1/models", method: "GET" },
  { port: "model", path: "/v1/chat/completions", method: "POST", body: { model: "x", messages: [] } },
  { port: "simulator", path: "/events", method: "GET" },
  { port: "scheduler", path: "/", method: "GET" },
  { port: "scheduler", path: "/TaskHubSidecarService/StartInstance", method: "POST", body: {} },
  { port: "monitoring", path: "/metrics", method: "GET" },
  { port: "monitoring", path: "/metrics", method: "POST", body: {} },
  { port: "ingest", path: "/metrics", method: "GET" },
  { port: "ingest", path: "/metrics", method: "POST", body: {} },
];
const FOLLOWED: readonly (readonly [port: keyof Ports, stream: string, socket: string])[] = [
  ["backend", "/api/events/stream", "/api/workflow/ws/case-1"],
  ["tools", "/mcp", "/mcp"],
  ["model", "/control", "/control"],
  ["simulator", "/events", "/events"],
  ["scheduler", "/", "/"],
  ["monitoring", "/metrics", "/metrics"],
  ["ingest", "/metrics", "/metrics"],
];
const FORM_TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"];

const nameOf = ({ port, path, method }: Probe) => `${method} ${path} of the ${port}`;

let stack: Stack;
let ports: Ports;
const ends: (() => Promise<void>)[] = [];
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  stack = await startStack([]);
  ends.push(stack.stop);
  const data = await mkdtemp(join(tmpdir(), "casewright-foreign-"));
  ends.unshift(() => rm(data, { recursive: true, force: true }));
  const [grpc, monitoring, ingest] = (await freePorts(3)) as [number, number, number];
  const scheduler = ["--data", data, "--port", String(grpc), "--http-port", String(monitoring)];
  ends.unshift(await startProcess(["local.scheduler", ...scheduler], monitoring));
  const settings = {
    CASEBOOK_URL: `sqlite:///${join(data, "casebook.db")}`,
    EVENT_PRODUCER_ENABLED: "false",
    INGEST_HEALTH_PORT: String(ingest),
  };
  ends.unshift(await startProcess(["backend.ingest"], ingest, settings));
  ports = { ...stack.ports, monitoring: String(monitoring), ingest: String(ingest) };
  browser = await launchBrowser(FLAGS);
  ends.unshift(() => browser.close());
});

afterAll(async () => {
  for (const end of ends) await end();
});

beforeEach(async () => {
  context = await browser.newContext();
  await signIn(stack, context, "ana");
});

afterEach(async () => {
  await context.close();
});

/** A page of this origin that holds nothing but what the test lets it do: no server of the stack is asked for it. */
async function pageAt(origin: string): Promise<Page> {
  const page = await context.newPage();
  await page.route(`${origin}/its-own-page`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>A page</title>" }),
  );
  await page.goto(`${origin}/its-own-page`);
  return page;
}

/** What a page is answered: a status, or that its browser or the server ended the request. */
function ask(page: Page, url: string, init: RequestInit): Promise<number | "nothing"> {
  return page.evaluate(
    async ([address, options]) => {
      try {
        const answer = await fetch(address, options);
        await answer.body?.cancel();
        return answer.type === "opaque" ? "nothing" : answer.status;
      } catch {
        return "nothing";
      }
    },
    [url, init] as const,
  );
}

/** Whether a stream and a socket of this server open to a page. */
function follow(page: Page, host: string, [stream, socket]: readonly [string, string]): Promise<string[]> {
  return page.evaluate(
    async ([streamUrl, socketUrl]) => {
      const settled = (source: EventSource | WebSocket) =>
        new Promise<string>((done) => {
          source.onopen = () => {
            done("open");
          };
          source.onerror = () => {
            done("refused");
          };
        });
      return [
        await settled(new EventSource(streamUrl, { withCredentials: true })),
        await settled(new WebSocket(socketUrl)),
      ];
    },
    [`http://${host}${stream}`, `ws://${host}${socket}`] as const,
  );
}

/** What foreign pages could have changed. */
async function state(): Promise<unknown> {
  const bearer = await bearerOf(stack, "alex");
  const read = async (url: string) => (await fetch(url, { headers: bearer })).json() as Promise<unknown>;
  const sessions = (await read(`${stack.url}/api/sessions?whose=all`)) as { items: { session_id: string }[] };
  const cases = (await read(`${stack.url}/api/cases?q=foreign`)) as { items: object[] };
  return {
    control: await read(`${stack.modelUrl}/control`),
    conversations: await read(`${stack.url}/api/conversations`),
    sessions: sessions.items.map((session) => session.session_id),
    cases: cases.items.length,
  };
}

describe("a name that is made to lead to this machine", () => {
  test.for(PROBES.map((probe) => [nameOf(probe), probe] as const))(
    "is not answered: %s",
    async ([, probe]) => {
      const before = await state();
      const origin = `http://${EVIL}:${ports[probe.port]}`;
      const page = await pageAt(origin);
      const json = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
      const said = await ask(page, `${origin}${probe.path}`, {
        method: probe.method,
        ...(probe.body === undefined ? {} : { headers: json, body: JSON.stringify(probe.body) }),
      });
      expect([400, 401, 403, 404, 415, 421, "nothing"]).toContain(said);
      expect(await state()).toEqual(before);
    },
  );

  test.for(FOLLOWED)("follows neither stream nor socket of the %s", async ([port, ...paths]) => {
    const host = `${EVIL}:${ports[port]}`;
    expect(await follow(await pageAt(`http://${host}`), host, paths)).toEqual(["refused", "refused"]);
  });
});

describe("a page of another site", () => {
  test.for(PROBES.map((probe) => [nameOf(probe), probe] as const))(
    "reads and changes nothing: %s",
    async ([, probe]) => {
      const before = await state();
      const page = await pageAt(`http://${EVIL}:${stack.ports.model}`);
      const url = `http://127.0.0.1:${ports[probe.port]}${probe.path}`;
      const body = probe.body === undefined ? {} : { body: JSON.stringify(probe.body) };
      const said = await ask(page, url, { method: probe.method, credentials: "include", ...body });
      expect(said).toBe("nothing");
      if (probe.body !== undefined) {
        for (const type of FORM_TYPES) {
          const sent = {
            method: "POST",
            mode: "no-cors",
            credentials: "include",
            headers: { "Content-Type": type },
          } as const;
          await ask(page, url, { ...sent, ...body });
        }
      }
      expect(await state()).toEqual(before);
    },
  );

  test.for(FOLLOWED)("follows neither stream nor socket of the %s", async ([port, ...paths]) => {
    const page = await pageAt(`http://${EVIL}:${stack.ports.model}`);
    expect(await follow(page, `127.0.0.1:${ports[port]}`, paths)).toEqual(["refused", "refused"]);
  });

  test("cannot post a form in the whole window", async () => {
    const before = await state();
    for (const probe of PROBES.filter(({ method }) => method === "POST")) {
      const page = await pageAt(`http://${EVIL}:${stack.ports.model}`);
      const own = page.url();
      const url = `http://127.0.0.1:${ports[probe.port]}${probe.path}`;
      const left = page.waitForEvent("framenavigated", { predicate: (frame) => frame.url() !== own });
      await page.evaluate(
        ([action, name]) => {
          const form = Object.assign(document.createElement("form"), {
            action,
            method: "post",
            enctype: "text/plain",
          });
          form.append(Object.assign(document.createElement("input"), { name, value: "" }));
          document.body.append(form);
          form.submit();
        },
        [url, JSON.stringify(probe.body)] as const,
      );
      await left;
      await page.close();
    }
    expect(await state()).toEqual(before);
  });
});

test("a page of the stack itself is answered", async () => {
  const page = await pageAt(`http://127.0.0.1:${stack.ports.model}`);
  expect(await ask(page, `${stack.modelUrl}/control`, {})).toBe(200);
  const desk = await pageAt(stack.url);
  expect(await ask(desk, `${stack.url}/api/cases`, {})).toBe(200);
});
