import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";
import { findChromium } from "../tools/chromium.mjs";

// The main process chooses, the workers inherit: two runs at the same time must not meet on one port.
process.env["TABVISOR_E2E_PORT"] ??= String(20_000 + (process.pid % 20_000));
process.env["CHROMIUM"] ??= await findChromium();

const port = Number(process.env["TABVISOR_E2E_PORT"]);
const full = process.env["TABVISOR_FULL"] === "1";

// A software renderer for WebGL where there is no graphics device.
const args = existsSync("/dev/dri") ? [] : ["--enable-unsafe-swiftshader"];

export default defineConfig({
  testDir: ".",
  outputDir: "../test-results",
  ...(full ? {} : { grepInvert: /@slow/ }),
  timeout: 120_000,
  // A guest keeps its CPU worker and the devices worker busy: one test at a time.
  workers: 1,
  forbidOnly: process.env["CI"] !== undefined,
  reporter: [["list"], ["../tools/reporters/playwright.mjs"]],
  use: {
    baseURL: `http://localhost:${port}/`,
    screenshot: "on",
    launchOptions: { executablePath: process.env["CHROMIUM"], args },
  },
  webServer: {
    command: `node ../tools/preview.mjs ${port}`,
    url: `http://localhost:${port}/`,
    timeout: 120_000,
  },
});
