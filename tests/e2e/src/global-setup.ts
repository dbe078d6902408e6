import type { TestProject } from "vitest/node";
import { type StackAddresses, startStack } from "./stack";

declare module "vitest" {
  export interface ProvidedContext {
    stack: StackAddresses;
  }
}

/** One stack for all tests; each test has customers of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startStack(["--no-simulator"], {
    QUALITY_CHECK_SHARE: "0",
    WEBHOOK_ALLOWED_NETWORKS: "127.0.0.0/8",
  });
  const { url, mcpUrl, modelUrl, data, ports } = stack;
  project.provide("stack", { url, mcpUrl, modelUrl, data, ports });
  return stack.stop;
}
