import { defineConfig } from "vitest/config";

const shared = {
  environment: "node",
  fileParallelism: false,
  testTimeout: 180_000,
  hookTimeout: 180_000,
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
