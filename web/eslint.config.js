import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/** Folders import one another by `@/…` only, so that one pattern per layer is the whole rule. */
const upwards = {
  group: ["../*"],
  message: "Import across folders by '@/…'; a path with '../' would hide the direction.",
};

/** What knows whether it is open, so that keys of the page are not taken for its own. */
const dialogs = {
  group: ["@mantine/core"],
  importNames: ["Modal", "Drawer"],
  message: "Use Dialog and SidePanel of shared/ui/Dialog.",
};

/** @param {...{ group: string[], importNames?: string[], message: string }} patterns */
const forbid = (...patterns) => ({
  "no-restricted-imports": ["error", { patterns: [upwards, dialogs, ...patterns] }],
});

export default defineConfig([
  globalIgnores(["dist", "coverage", "src/api/schema.d.ts"]),
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.app.json", "./tsconfig.node.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  { files: ["src/**/*.{ts,tsx}"], ...reactHooks.configs.flat["recommended-latest"] },
  { files: ["src/**/*.{ts,tsx}"], rules: { ...forbid(), "max-lines": ["error", 400] } },
  {
    files: ["src/features/**/*.{ts,tsx}"],
    rules: forbid({
      group: ["@/features/*", "@/app/*"],
      message: "Features know only shared/ and api/; what joins them lives in app/.",
    }),
  },
  {
    files: ["src/shared/**/*.{ts,tsx}", "src/api/**/*.{ts,tsx}"],
    rules: forbid({
      group: ["@/features/*", "@/app/*"],
      message: "shared/ and api/ serve every feature and so may know none.",
    }),
  },
  {
    files: ["src/shared/ui/Dialog.tsx"],
    rules: { "no-restricted-imports": ["error", { patterns: [upwards] }] },
  },
  // The router throws its redirects and not-founds by design.
  { files: ["src/app/**/*.{ts,tsx}"], rules: { "@typescript-eslint/only-throw-error": "off" } },
  prettier,
]);
