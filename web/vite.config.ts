import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const BACKEND = process.env.CASEWRIGHT_BACKEND ?? "http://127.0.0.1:8001";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: BACKEND, ws: true }, "/openapi.json": BACKEND },
  },
  // The backend puts a nonce of its own into each answer (backend/http/web_bundle.py).
  html: { cspNonce: "nonce-of-this-answer" },
  build: {
    target: "es2022",
    reportCompressedSize: true,
    // Swagger UI comes in one piece, which only docs.html loads.
    chunkSizeWarningLimit: 1600,
    rolldownOptions: {
      input: ["index.html", "docs.html"],
      output: {
        codeSplitting: {
          // Libraries change rarely: browsers keep these files across releases.
          groups: [
            { name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 2 },
            { name: "tanstack", test: /node_modules[\\/]@tanstack[\\/]/, priority: 2 },
          ],
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["./src/test-setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    css: { modules: { classNameStrategy: "non-scoped" } },
    restoreMocks: true,
    testTimeout: 20_000,
    env: { TZ: "Europe/Berlin" },
  },
});
