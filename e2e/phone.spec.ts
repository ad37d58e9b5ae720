// The page at the width of a phone: nothing is cut off, everything can be reached.
import { expect } from "@playwright/test";
import { test } from "./fixtures/guest";

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("start screen and machine fit", async ({ page, guest }, testInfo) => {
      await page.goto("./");
      const start = page.getByRole("button", { name: "Start" });
      await expect(start).toBeInViewport();
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth);
      expect(await overflow()).toBeLessThanOrEqual(0);
      await page.screenshot({ path: testInfo.outputPath("start.png") });

      await guest.open("image=tiny");
      await guest.waitFor(/tabvisor: shell ready/);
      expect(await overflow()).toBeLessThanOrEqual(0);
      for (const name of ["Pause", "Reset", "Power off", "Find"]) {
        await expect(page.getByRole("button", { name, exact: true })).toBeInViewport({ ratio: 1 });
      }
      await expect(page.getByRole("contentinfo")).toBeInViewport({ ratio: 1 });
    });
  });
}
