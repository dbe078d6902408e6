import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../../..");
const READY = "Casewright is ready:";
const READY_TIMEOUT_MS = 240_000;
const STOP_TIMEOUT_MS = 60_000;
const KEPT_LINES = 200;

/** Where a running stack answers, as tests need it. */
export interface StackAddresses {
  url: string;
  mcpUrl: string;
  modelUrl: string;
  data: string;
  /** Every port that a part listens on. */
  ports: Readonly<Record<"backend" | "tools" | "model" | "scheduler" | "simulator", string>>;
}

export interface Stack extends StackAddresses {
  /** Kills a part as a crash would. Nobody starts it again before `restartParts`. */
  killPart: (part: "worker" | "scheduler") => Promise<void>;
  restartParts: () => void;
  stop: () => Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

interface Running {
  pid: number | null;
}

/**
 * Starts every real process of Casewright on free ports with state of its own, and returns once all are ready.
 * `env` adds to the environment of the processes, whose pages are at the given address. Fails with the last lines of their output.
 */
export async function startStack(
  args: readonly string[],
  env: Environment | ((url: string) => Environment) = {},
): Promise<Stack> {
  if (!existsSync(join(ROOT, "web/dist/index.html"))) {
    throw new Error("There is no web bundle in web/dist: run ./scripts/build-web first.");
  }
  const names = ["BACKEND_PORT", "MCP_PORT", "MODEL_PORT", "SCHEDULER_PORT", "TELEMETRY_PORT"] as const;
  const ports = await freePorts(names.length);
  const port = Object.fromEntries(names.map((name, index) => [name, String(ports[index])])) as Record<
    (typeof names)[number],
    string
  >;
  const url = `http://127.0.0.1:${port.BACKEND_PORT}`;
  const data = await mkdtemp(join(tmpdir(), "casewright-e2e-"));
  const process_ = spawn(
    join(ROOT, ".venv/bin/python"),
    ["-m", "local.stack", "--fresh", "--data", data, ...args],
    {
      cwd: ROOT,
      // Tests open several cases of one customer.
      env: {
        ...process.env,
        PYTHONPATH: ROOT,
        ALERT_JOIN_HOURS: "0",
        DECISION_HOLD_SECONDS: "0",
        ...port,
        ...(typeof env === "function" ? env(url) : env),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  await untilReady(process_);
  return {
    url,
    mcpUrl: `http://127.0.0.1:${port.MCP_PORT}/mcp`,
    modelUrl: `http://127.0.0.1:${port.MODEL_PORT}`,
    data,
    ports: {
      backend: port.BACKEND_PORT,
      tools: port.MCP_PORT,
      model: port.MODEL_PORT,
      scheduler: port.SCHEDULER_PORT,
      simulator: port.TELEMETRY_PORT,
    },
    killPart: async (part) => {
      // Asleep, the supervisor does not see that the part is gone.
      process_.kill("SIGSTOP");
      const parts = JSON.parse(await readFile(join(data, "parts.json"), "utf8")) as Record<string, Running>;
      const pid = parts[part]?.pid;
      if (pid == null) throw new Error(`The ${part} does not run.`);
      process.kill(pid, "SIGKILL");
    },
    restartParts: () => {
      process_.kill("SIGCONT");
    },
    stop: async () => {
      process_.kill("SIGCONT");
      await stopped(process_);
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Starts one more process of ours, as `python -m` does; once its port answers, what is returned ends it. */
export async function startProcess(
  args: readonly string[],
  port: number,
  env: Environment = {},
): Promise<() => Promise<void>> {
  const child = spawn(join(ROOT, ".venv/bin/python"), ["-m", ...args], {
    cwd: ROOT,
    env: { ...process.env, PYTHONPATH: ROOT, ...env },
    stdio: "ignore",
  });
  while (await isFree(port)) {
    if (child.exitCode !== null) throw new Error(`${args.join(" ")} ended with ${child.exitCode}.`);
    await new Promise((done) => setTimeout(done, 50));
  }
  return () => stopped(child);
}

function untilReady(child: ChildProcess): Promise<void> {
  const lines: string[] = [];
  return new Promise((ready, fail) => {
    const giveUp = (why: string) => {
      child.kill("SIGINT");
      fail(new Error(`${why}\n${lines.join("\n")}`));
    };
    const timer = setTimeout(() => {
      giveUp(`The stack was not ready within ${READY_TIMEOUT_MS / 1000} s.`);
    }, READY_TIMEOUT_MS);
    const read = (chunk: Buffer) => {
      const text = chunk.toString();
      lines.push(...text.split("\n"));
      lines.splice(0, lines.length - KEPT_LINES);
      if (!lines.some((line) => line.includes(READY))) return;
      clearTimeout(timer);
      ready();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => {
      clearTimeout(timer);
      giveUp(`The stack ended with exit code ${code ?? "none"} before it was ready.`);
    });
  });
}

/** As Ctrl-C does; what does not end is killed. */
function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    child.once("exit", () => {
      clearTimeout(timer);
      done();
    });
    child.kill("SIGINT");
  });
}

/**
 * Ports that nothing listens on. They lie below those that the system gives to connections and to servers on port 0,
 * and apart from those of the Python tests beside: until the stack has them, nobody else takes them.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = randomInt(12_000, 20_000);
    if (!found.includes(port) && (await isFree(port))) found.push(port);
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((told) => {
    server.once("error", () => {
      told(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        told(true);
      });
    });
  });
}

export interface Story {
  kind: string;
  fraud: boolean;
  country?: string;
  city?: string;
  device_id?: string;
  ip?: string;
}

export interface Profile {
  customer_id: number;
  home_country: string;
  story: Story | null;
}

/** A customer in whose records this kind of story is planted. */
export async function customerWith(stack: StackAddresses, kind: string, index = 0): Promise<Profile> {
  const text = await readFile(join(stack.data, "profiles.jsonl"), "utf8");
  const profiles = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Profile);
  const found = profiles.filter((profile) => profile.story?.kind === kind)[index];
  if (found === undefined) throw new Error(`No customer ${index} with the story '${kind}'.`);
  return found;
}
