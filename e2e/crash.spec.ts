// A worker that dies: the page shows where the guest was, and the machine starts again.
import { expect } from "@playwright/test";
import { test } from "./fixtures/guest";

test("shows registers and counters when the CPU's worker dies, and starts again", async ({ page, guest }) => {
  await page.addInitScript(() => {
    const original = globalThis.Worker;
    // The page's workers, so that the test can break one.
    const workers: Worker[] = [];
    Object.assign(globalThis, { workers });
    globalThis.Worker = class extends original {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        workers.push(this);
      }
    };
  });
  await guest.open("image=tiny");
  await guest.waitFor(/Linux version/, { console: "ttyS0" });
  await page.evaluate(() => {
    const { workers } = globalThis as unknown as { workers: Worker[] };
    workers.at(-1)?.dispatchEvent(new ErrorEvent("error", { message: "broken by the test" }));
  });
  const report = page.getByRole("alert");
  await expect(report).toContainText("broken by the test");
  await expect(report).toContainText(/rip\s*[0-9a-f]{16}/);
  await expect(report).toContainText("page faults");
  await report.getByRole("button", { name: "Start again" }).click();
  await guest.waitFor(/tabvisor: shell ready/);
});
