// The smallest guest: from the page to a shell, typed at, paused, reset and powered off.
import { expect, type Page } from "@playwright/test";
import { test, tiny } from "./fixtures/shared_guest";

test.use({ machine: tiny });

test("boots to a shell that answers what is typed in the terminal", async ({ page, guest }) => {
  await expect(page.getByRole("tab", { name: "hvc0" })).toHaveAttribute("aria-selected", "true");
  await guest.waitFor(/# /);
  await page.keyboard.type("echo six times seven is $((6 * 7))\n");
  await guest.waitFor(/six times seven is 42/);
  await expect(page.getByRole("contentinfo")).toContainText(/Running.*Speed.*\/s.*Memory.* of 256 MiB/s);
  await guest.send("while :; do :; done\r");
  await showsHotCode(page);
  await guest.send("\x03");
  expect(await guest.output("echo still here")).toBe("still here");
});

/** The tools view: a busy guest has translations, and they are shown as WebAssembly. */
async function showsHotCode(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Profile" }).click();
  const profile = page.getByRole("region", { name: "Profile" });
  await expect(profile).toContainText(/in translations\s*\d+ % of the last \d+ samples/);
  const translated = profile.getByRole("row").filter({ hasText: /translation \d+/ });
  await expect(translated.first()).toBeVisible();
  await translated.first().getByRole("button").click();
  await expect(profile.getByLabel("Guest code")).toContainText(/^[0-9a-f]{16} {2}[0-9a-f]{2} /);
  await expect(profile.getByLabel("WebAssembly")).toContainText("local.get");
  await page.getByRole("button", { name: "Profile" }).click();
  await expect(profile).toBeHidden();
}

test("tells the terminal's size and follows it", async ({ page, guest }) => {
  const size = () => guest.output("stty size");
  const before = await size();
  expect(before).toMatch(/^\d+ \d+$/);
  expect(before).not.toBe("24 80");
  const viewport = page.viewportSize();
  await page.setViewportSize({ width: 800, height: 500 });
  await expect.poll(size).not.toBe(before);
  if (viewport !== null) await page.setViewportSize(viewport);
  await expect.poll(size).toBe(before);
});

test("keeps kvmclock as its clock and agrees with the host's date", async ({ guest }) => {
  expect(await guest.output("cat /sys/devices/system/clocksource/clocksource0/current_clocksource")).toBe("kvm-clock");
  // The kernel compares the TSC with it, twice a second.
  expect(await guest.output("dmesg")).not.toMatch(/clocksource.*(unstable|skew)/i);
  const seconds = Number(await guest.output("date +%s"));
  expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(5);
});

test("stands still while paused and goes on when resumed", async ({ page, guest }) => {
  await guest.send("while :; do :; done\r");
  await guest.press("Pause");
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  expect(await guest.state()).toBe("paused");
  const before = (await guest.stats()).instructions;
  expect((await guest.stats()).instructions).toBe(before);
  await guest.press("Resume");
  await expect.poll(async () => (await guest.stats()).instructions).toBeGreaterThan(before);
  await guest.send("\x03");
  expect(await guest.output("echo still here")).toBe("still here");
});

test("uses little of a core while idle", async ({ browser, page }) => {
  await expect(page.getByRole("contentinfo")).toContainText(/CPU\s*[0-4] %/, { timeout: 20_000 });
  // What the whole tab uses, as the operating system counts it: its threads, not the browser's compositing.
  const session = await browser.newBrowserCDPSession();
  const used = async (): Promise<number> => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return Math.max(...processInfo.filter(({ type }) => type === "renderer").map(({ cpuTime }) => cpuTime));
  };
  // Compilers and collectors have things left over from the start.
  await page.waitForTimeout(12_000);
  const [before, began] = [await used(), Date.now()];
  await page.waitForTimeout(10_000);
  const share = ((await used()) - before) / ((Date.now() - began) / 1000);
  test.info().annotations.push({ type: "idle", description: `${(share * 100).toFixed(1)} % of a core` });
  expect(share).toBeLessThan(0.05);
});

test("starts over when the guest reboots and when it is reset", async ({ guest }) => {
  await guest.output("touch /tmp/mark");
  await guest.send("reboot -f\r");
  await guest.waitFor(tiny.ready);
  expect(await guest.events("RESET")).toEqual([{ guest: true, reason: "guest-reset" }]);
  await guest.press("Reset");
  await guest.waitFor(tiny.ready);
  expect((await guest.run("ls /tmp/mark")).code).not.toBe(0);
  expect(await guest.state()).toBe("running");
});

test("powers off from the guest, starts again, and powers off by the power button", async ({ page, guest }) => {
  await guest.send("poweroff -f\r");
  await expect.poll(() => guest.state()).toBe("stopped");
  await expect(page.getByRole("log", { name: "Notices" })).toContainText("powered off");
  await guest.press("Start");
  await guest.waitFor(tiny.ready);
  await guest.press("Power off");
  await expect.poll(() => guest.state(), { timeout: 30_000 }).toBe("stopped");
});
