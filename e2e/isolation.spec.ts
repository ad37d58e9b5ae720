// Shared memory must be there wherever the site is served from.
import { expect } from "@playwright/test";
import { test } from "./fixtures/plain_server";

function sharedMemoryWorks(): boolean {
  return globalThis.crossOriginIsolated && new SharedArrayBuffer(16).byteLength === 16;
}

test("the preview server sends the isolation headers", async ({ page }) => {
  const response = await page.goto("./");
  expect(response?.headers()["cross-origin-opener-policy"]).toBe("same-origin");
  expect(response?.headers()["cross-origin-embedder-policy"]).toBe("require-corp");
  expect(await page.evaluate(sharedMemoryWorks)).toBe(true);
});

test("on a host without the headers the service worker adds them, at any path", async ({ page, plainUrl }) => {
  const response = await page.goto(plainUrl);
  expect(response?.headers()["cross-origin-opener-policy"]).toBeUndefined();
  await expect.poll(() => page.evaluate(sharedMemoryWorks).catch(() => false)).toBe(true);
});

test("the wasm module and other built files are found at any path", async ({ page, plainUrl }) => {
  const missing: string[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400 && !response.url().endsWith("favicon.ico")) missing.push(response.url());
  });
  await page.goto(plainUrl, { waitUntil: "networkidle" });
  await expect.poll(() => page.evaluate(sharedMemoryWorks).catch(() => false)).toBe(true);
  await expect(page.locator("body")).not.toBeEmpty();
  expect(missing).toEqual([]);
});
