// The display: VGA text, then the guest's own qxl driver, in one boot. What is on the screen is compared pixel by pixel
// with what the guest says is in its frame buffer.
import { createHash } from "node:crypto";
import { expect } from "@playwright/test";
import { canvasPixel, screenPixels } from "./fixtures/display";
import { type Guest, test } from "./fixtures/guest";

const ready = /shell ready[^]*# /;
const WIDTH = 800;
const HEIGHT = 600;

/** Size and SHA-256 of the screen as the guest's frame buffer has it: blue, green, red, 0. */
async function screen(guest: Guest): Promise<{ width: number; height: number; hash: string; lit: number }> {
  const { width, height, data } = await screenPixels(guest.page);
  let lit = 0;
  for (let i = 0; i < data.length; i += 4) {
    [data[i], data[i + 2]] = [data[i + 2] ?? 0, data[i] ?? 0];
    data[i + 3] = 0;
    if ((data[i + 1] ?? 0) > 0) lit++;
  }
  return { width, height, hash: createHash("sha256").update(data).digest("hex"), lit };
}

/** Fills the upper rows of the frame buffer with colour bars that no driver would draw. */
const bars = [
  "printf '\\033[?25l\\033[2J' >/dev/tty0",
  "printf '\\001\\200\\377\\000\\377\\100\\002\\000' >/tmp/bar",
  "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do cat /tmp/bar /tmp/bar >/tmp/bars; mv /tmp/bars /tmp/bar; done",
  "cat /tmp/bar >/dev/fb0",
].join("; ");

test("shows text, the kernel's console, and exactly what is in the frame buffer", async ({ page, guest }) => {
  test.setTimeout(600_000);
  await guest.open(`image=tiny&device=qxl-vga,xres=${WIDTH},yres=${HEIGHT}&append=console%3Dtty0`);
  await guest.waitFor(/console \[tty0\] enabled/, { console: "ttyS0", timeout: 240_000 });
  await expect.poll(() => screen(guest), { timeout: 120_000 }).toMatchObject({ width: 720, height: 400 });
  await expect.poll(async () => (await screen(guest)).lit, { timeout: 120_000 }).toBeGreaterThan(1000);
  await page.getByRole("tab", { name: "Display" }).click();

  await guest.waitFor(ready, { timeout: 400_000 });
  expect(await guest.output("cat /sys/class/graphics/fb0/name /sys/class/graphics/fb0/virtual_size")).toBe(
    `qxldrmfb\n${WIDTH},${HEIGHT}`,
  );
  await guest.output(bars);
  const wanted = (await guest.output("sha256sum </dev/fb0")).slice(0, 64);
  await expect
    .poll(() => screen(guest), { timeout: 120_000 })
    .toMatchObject({ width: WIDTH, height: HEIGHT, hash: wanted });
  await expect.poll(() => canvasPixel(guest.page, 0, 0), { timeout: 120_000 }).toEqual([255, 128, 1]);
  expect(await canvasPixel(guest.page, 1, 20)).toEqual([2, 64, 255]);

  const { output } = await guest.run("dmesg | grep -i -E 'qxl.*(error|fail|timeout)|\\[drm:|Call Trace|BUG:'");
  expect(output).toBe("");
  const { counters } = await guest.stats();
  expect(counters["qxl guestBugs"]).toBe(0);

  // A reset ends what the driver has set up. (To unbind it is not tried: it leaves its interrupt handler behind, and the
  // kernel dies of the next interrupt, on every machine.)
  await guest.press("Reset");
  await expect.poll(() => screen(guest), { timeout: 120_000 }).toMatchObject({ width: 720, height: 400 });
});
