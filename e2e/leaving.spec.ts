// A page that is left or closed takes its machine with it, however busy the guest is.
import { type Browser, expect } from "@playwright/test";
import { test } from "./fixtures/guest";

/** CPU seconds that all tabs have used, as the operating system counts them. */
async function renderers(browser: Browser): Promise<() => Promise<number>> {
  const session = await browser.newBrowserCDPSession();
  return async () => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.reduce((sum, { type, cpuTime }) => (type === "renderer" ? sum + cpuTime : sum), 0);
  };
}

/** Workers of all tabs, as the browser lists them. */
async function workers(browser: Browser): Promise<string[]> {
  const session = await browser.newBrowserCDPSession();
  const { targetInfos } = await session.send("Target.getTargets", { filter: [{ type: "worker" }] });
  await session.detach();
  return targetInfos.map(({ title }) => title);
}

test("reloading and closing leave no worker and nothing that runs", async ({ browser, page, guest }) => {
  await guest.open("image=tiny");
  // A guest that boots is as busy as can be.
  await guest.waitFor(/Linux version/, { console: "ttyS0" });
  const first = await workers(browser);
  expect(first.length).toBeGreaterThan(1);

  // The machine of a reloaded page is the only one.
  const old = page.workers();
  await page.reload();
  await expect.poll(async () => (await workers(browser)).length).toBe(first.length);
  expect(page.workers().some((worker) => old.includes(worker))).toBe(false);

  // It boots, too: a page without a machine has no workers, and nobody goes on computing.
  await expect.poll(() => guest.state()).toBe("running");
  const used = await renderers(browser);
  await page.goto("about:blank");
  await expect.poll(() => workers(browser)).toEqual([]);
  expect(page.workers()).toEqual([]);
  await page.waitForTimeout(2000);
  const before = await used();
  await page.waitForTimeout(3000);
  expect((await used()) - before).toBeLessThan(0.3);
});
