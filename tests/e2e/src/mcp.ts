import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { ROOT, type StackAddresses } from "./stack";

const run = promisify(execFile);

interface ToolAnswer {
  result?: { isError?: boolean; structuredContent?: Record<string, unknown> };
  error?: { message: string };
}

/** Asks the tool server itself, as the operator of this machine may: one JSON-RPC call over Streamable HTTP. */
export async function callTool(
  stack: StackAddresses,
  name: string,
  args: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const response = await fetch(stack.mcpUrl, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${await operatorToken(stack)}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } }),
  });
  const text = await response.text();
  const { result, error } = parse(text, response.headers.get("Content-Type") ?? "");
  if (error !== undefined || result?.isError === true || result?.structuredContent === undefined) {
    throw new Error(`The tool '${name}' failed: ${text}`);
  }
  return result.structuredContent;
}

/** What the operator of this machine may show the tool server for five minutes. */
async function operatorToken(stack: StackAddresses): Promise<string> {
  const command = ["-m", "mcp_server", "token", "--keys", join(stack.data, "keys")];
  const { stdout } = await run(join(ROOT, ".venv/bin/python"), command, { cwd: ROOT });
  return stdout.trim();
}

function parse(text: string, type: string): ToolAnswer {
  if (!type.includes("text/event-stream")) return JSON.parse(text) as ToolAnswer;
  const data = text.split("\n").findLast((line) => line.startsWith("data:"));
  if (data === undefined) throw new Error(`The tool server sent no data: ${text}`);
  return JSON.parse(data.slice("data:".length)) as ToolAnswer;
}
