// Xorg with the driver qxl, icewm and xterm on the image `desktop`: what a person sees and does, then what QEMU's QXL
// makes of the same scenes and drawing operations (tools/display/record.mjs). One boot for all; the last two end the desktop.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect as baseExpect, type Page } from "@playwright/test";
import { after, before, scenes } from "../tools/display/scenes.mjs";
import { root } from "../tools/lib.mjs";
import { canvasPixel, screenPixels } from "./fixtures/display";
import type { Guest } from "./fixtures/guest";
import { browserSeconds } from "./fixtures/processor_time";
import { desktop, test } from "./fixtures/shared_guest";

// Wall-clock time says little on a busy host.
const expect = baseExpect.configure({ timeout: 120_000 });
const expected = (name: string): string => readFileSync(join(root, "e2e/expected", name), "utf8");

const ROOT_COLOR = [0x35, 0x50, 0x6b];
const WHITE = [255, 255, 255];

test.use({ machine: desktop });
test.describe.configure({ mode: "serial", timeout: 600_000 });

/** The guest's picture without the cursor: size and SHA-256 of its red, green and blue bytes. */
async function picture(page: Page): Promise<{ width: number; height: number; hash: string }> {
  const { width, height, data } = await screenPixels(page);
  const colors = data.filter((_, i) => i % 4 !== 3);
  return { width, height, hash: createHash("sha256").update(colors).digest("hex") };
}

/** Where the window's inside is on the screen. */
async function windowBox(guest: Guest, name: string): Promise<{ x: number; y: number; width: number; height: number }> {
  const info = await guest.output(`DISPLAY=:0 xwininfo -name ${name}`);
  const field = (label: string): number => Number(new RegExp(`${label}: +(-?\\d+)`).exec(info)?.[1]);
  return { x: field("left X"), y: field("left Y"), width: field("Width"), height: field("Height") };
}

/** A point of the guest's screen in the page. */
async function pointer(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = await page.locator("#pane-display canvas").boundingBox();
  const width = Number(await page.locator("#pane-display").getAttribute("data-width"));
  const scale = (box?.width ?? 0) / width;
  return [(box?.x ?? 0) + x * scale, (box?.y ?? 0) + y * scale];
}

test("Xorg, the window manager and a terminal are on the screen @slow", async ({ page, guest }) => {
  await page.getByRole("tab", { name: "Display" }).click();
  await expect.poll(async () => (await guest.run("DISPLAY=:0 xwininfo -name xterm")).code).toBe(0);
  // The window manager may come later, and moves it into its frame.
  const inside = async (): Promise<number[]> => {
    const { x, y, width, height } = await windowBox(guest, "xterm");
    return canvasPixel(page, Math.floor(x + width / 2), y + height - 20);
  };
  await expect.poll(inside).toEqual(WHITE);
  const box = await windowBox(guest, "xterm");
  await expect.poll(() => canvasPixel(page, box.x + box.width + 60, box.y + 40)).toEqual(ROOT_COLOR);
  // The task bar.
  const { height } = await picture(page);
  await expect.poll(() => canvasPixel(page, 300, height - 10)).not.toEqual(ROOT_COLOR);
});

test("keys reach the terminal, the pointer moves a window @slow", async ({ page, guest }) => {
  const box = await windowBox(guest, "xterm");
  await page.mouse.click(...(await pointer(page, box.x + 200, box.y + 200)));
  await page.keyboard.type("touch typed-by-hand; xeyes\n", { delay: 20 });
  await expect.poll(async () => (await guest.run("ls /root/typed-by-hand")).code).toBe(0);
  await expect.poll(async () => (await guest.run("DISPLAY=:0 xwininfo -name xeyes")).code).toBe(0);
  await page.mouse.move(...(await pointer(page, box.x + 150, box.y - 10)));
  await page.mouse.down();
  await page.mouse.move(...(await pointer(page, box.x + 250, box.y + 30)), { steps: 10 });
  await page.mouse.up();
  await expect.poll(async () => (await windowBox(guest, "xterm")).x).toBe(box.x + 100);
  expect((await windowBox(guest, "xterm")).y).toBe(box.y + 40);
});

test("the cursor is the hardware's, and the background has a menu @slow", async ({ page, guest }) => {
  const { width, height } = await picture(page);
  const [x, y] = [width - 200, height - 300];
  await page.mouse.move(...(await pointer(page, x, y)));
  // A black arrow in white: its hot spot is in the upper left corner.
  await expect.poll(() => canvasPixel(page, x + 1, y + 4)).not.toEqual(ROOT_COLOR);
  const moved = (await guest.stats()).counters["qxl cursorCommands"] ?? 0;
  await page.mouse.move(...(await pointer(page, x - 40, y)), { steps: 5 });
  await expect.poll(() => canvasPixel(page, x + 1, y + 4)).toEqual(ROOT_COLOR);
  expect((await guest.stats()).counters["qxl cursorCommands"]).toBeGreaterThan(moved);
  const plain = await picture(page);
  await page.mouse.click(...(await pointer(page, x, y)), { button: "right" });
  await expect.poll(() => canvasPixel(page, x + 60, y + 60)).not.toEqual(ROOT_COLOR);
  expect((await picture(page)).hash).not.toBe(plain.hash);
  await page.keyboard.press("Escape");
  await expect.poll(() => canvasPixel(page, x + 60, y + 60)).toEqual(ROOT_COLOR);
});

test("the desktop takes the size of the pane @slow", async ({ page }) => {
  const pane = page.locator("#pane-display");
  await page.setViewportSize({ width: 1100, height: 800 });
  await expect(pane).toHaveAttribute("data-width", "1096");
  await expect(pane).toHaveAttribute("data-height", String(await pane.evaluate(({ clientHeight }) => clientHeight)));
  await page.setViewportSize({ width: 1280, height: 900 });
  await expect(pane).toHaveAttribute("data-width", "1280");
});

test("an idle desktop costs next to nothing @slow", async ({ page, guest }) => {
  await guest.output("pkill xeyes; sleep 20");
  const { instructions } = await guest.stats();
  const computed = browserSeconds();
  await page.waitForTimeout(30_000);
  const use = (browserSeconds() - computed) / 30;
  const stats = await guest.stats();
  const perSecond = (stats.instructions - instructions) / 30;
  const percent = (part: number): string => `${(100 * part).toFixed(1)} % of a core`;
  const report = `${(perSecond / 1e6).toFixed(2)} M instructions a second, ${percent(stats.cpuUse)}; all of the browser: ${percent(use)}`;
  test.info().annotations.push({ type: "idle", description: report });
  // A tenth of what the slowest host does.
  expect(perSecond).toBeLessThan(4e6);
  expect(stats.cpuUse).toBeLessThan(0.1);
  expect(use, report).toBeLessThan(0.1);
});

test("what is copied on one side is pasted on the other @slow", async ({ page, guest }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const { x, y } = await windowBox(guest, "xterm");
  await page.mouse.click(...(await pointer(page, x + 200, y + 200)));
  await page.evaluate(() => navigator.clipboard.writeText("clear; echo; echo over_and_back; touch pasted"));
  await page.keyboard.press("Control+Shift+V");
  const pasted = async (): Promise<number> => {
    // xterm asks for the text, and takes keys while it waits for the answer.
    await page.keyboard.press("Enter");
    return (await guest.run("ls /root/pasted")).code;
  };
  await expect.poll(pasted).toBe(0);
  // The second line of 15 pixels, behind a border of two. A terminal that has just been cleared may not be ready.
  const word = await pointer(page, x + 30, y + 2 + 15 + 7);
  await expect
    .poll(async () => {
      // libinput takes faster ones for a button that bounces.
      await page.mouse.dblclick(...word, { delay: 50 });
      return page.evaluate(() => navigator.clipboard.readText());
    })
    .toBe("over_and_back");
});

test("x11perf measures, and nobody complains @slow", async ({ guest }) => {
  const before = (await guest.stats()).counters;
  const kinds =
    "-dot -rect100 -line100 -ftext -aa10text -scroll100 -copywinwin100 -putimage100 -shmput100 -getimage100";
  const output = await guest.output(`DISPLAY=:0 x11perf -repeat 1 -time 1 ${kinds} 2>&1`, 300_000);
  test.info().annotations.push({ type: "x11perf", description: output });
  expect(output.match(/reps @ +[\d.]+ msec/g)).toHaveLength(10);
  const { counters } = await guest.stats();
  for (const name of ["qxl fill", "qxl copy", "qxl copy_bits", "qxl updateAreas"]) {
    expect(counters[name], name).toBeGreaterThan(before[name] ?? 0);
  }
  expect(counters["qxl guestBugs"]).toBe(0);
  // Linux's qxl is no device for logind, on any machine: Xorg opens it itself. A device that goes, as the agent's tablet
  // does with the clipboard's connection, logind has forgotten when Xorg lets go of it.
  const faults =
    "grep '(EE)' /var/log/Xorg.0.log | grep -v -e 'warning, (EE) error' -e 'failed to take device /dev/dri' -e 'failed to release device: Device not taken'";
  expect((await guest.run(faults)).output).toBe("");
  expect((await guest.run("dmesg | grep -i -E 'qxl.*(error|fail|timeout)|\\[drm:|Call Trace'")).output).toBe("");
});

test("x11perf comes to its end @slow", async ({ guest }) => {
  test.setTimeout(1_800_000);
  // All of its kinds but for eight in the middle (aa4trap, aa1trap), at which Debian's x11perf ends by a null pointer on
  // any machine. A few rounds of each.
  for (const [range, kinds] of [
    ["dot,aatrap300", 180],
    ["aatrap2x1", 204],
  ] as const) {
    const count = `DISPLAY=:0 x11perf -repeat 1 -reps 1 -range ${range} 2>&1 | grep -c 'reps @'`;
    expect(Number(await guest.output(count, 900_000)), range).toBe(kinds);
  }
  expect((await guest.stats()).counters["qxl guestBugs"]).toBe(0);
});

test("scenes are pixel by pixel as on QEMU @slow", async ({ page, guest }) => {
  const recorded = JSON.parse(expected("scenes.json")) as Record<string, { hash: string }>;
  await guest.run(before);
  for (const { name, command } of scenes) {
    await test.step(name, async () => {
      await guest.run(command);
      await expect.poll(() => picture(page), { message: name }).toEqual(recorded[name]);
    });
  }
  await guest.run(after);
});

test("drawing operations have QEMU's results @slow", async ({ page, guest }) => {
  await page.evaluate(async (text) => {
    const agent = (await tabvisor.machine)?.agent;
    if (agent === undefined) throw new Error("the page has no machine");
    const file = await agent.openFile("/root/expected", "w");
    await agent.writeFile(file, new TextEncoder().encode(text));
    await agent.closeFile(file);
  }, expected("qxl_draw.txt"));
  await guest.run("pkill -x Xorg; sleep 2");
  const { output } = await guest.run("qxl-draw /root/expected", 300_000);
  const cases = expected("qxl_draw.txt").trim().split("\n").length;
  expect(output).toBe(`${cases} passed, 0 failed`);
  const duration = await guest.output("qxl-draw -t 5000", 120_000);
  test.info().annotations.push({ type: "UPDATE_AREA", description: `${duration} each, as the guest sees it` });
});
