import { defineConfig } from "vitest/config";

const shared = {
  environment: "node",
  fileParallelism: false,
  testTimeout: 400_000,
  hookTimeout: 400_000,
  // A page says later what it says: what is read from it is read again until it holds.
  expect: { poll: { timeout: 90_000, interval: 50 } },
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: { ...shared, name: "e2e", include: ["src/**/*.spec.ts"], globalSetup: ["src/global-setup.ts"] },
      },
      { test: { ...shared, name: "screenshot", include: ["src/screenshots.ts"] } },
    ],
  },
});
