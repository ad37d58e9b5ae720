import { defineConfig } from "vitest/config";

const full = process.env["TABVISOR_FULL"] === "1";

export default defineConfig({
  cacheDir: ".cache/vitest",
  test: {
    include: ["{src,assembly,tools,tests}/**/*.test.ts"],
    exclude: full ? [] : ["**/*.slow.test.ts"],
    globalSetup: "tests/build_wasm.ts",
    testTimeout: full ? 600_000 : 20_000,
    reporters: ["default", "./tools/reporters/vitest.mjs"],
  },
});
