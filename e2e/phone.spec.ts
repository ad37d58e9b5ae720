// The page at the width of a phone: nothing is cut off, everything can be reached.
import { expect } from "@playwright/test";
import { test } from "./fixtures/guest";

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

const schemes = ["light", "dark"] as const;

test("start screen and machine fit, light and dark", async ({ page, guest }, testInfo) => {
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth);
  await page.goto("./");
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    await expect(page.getByRole("button", { name: "Start" })).toBeInViewport();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.screenshot({ path: testInfo.outputPath(`start-${colorScheme}.png`) });
  }

  await guest.open("image=tiny");
  await guest.waitFor(/tabvisor: shell ready/);
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    expect(await overflow()).toBeLessThanOrEqual(0);
    for (const name of ["Pause", "Reset", "Power off", "Find"]) {
      await expect(page.getByRole("button", { name, exact: true })).toBeInViewport({ ratio: 1 });
    }
    await expect(page.getByRole("contentinfo")).toBeInViewport({ ratio: 1 });
    await page.screenshot({ path: testInfo.outputPath(`machine-${colorScheme}.png`) });
  }
});
