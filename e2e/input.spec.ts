// Keyboard and pointer: from the page's events to the guest's own drivers, PS/2 and virtio-input. One boot for all.
import { expect as baseExpect, type Locator, type Page } from "@playwright/test";
import type { ScreenInput } from "../src/ui/screen_input";
import type { Machine } from "../src/workers/client";
import type { Guest } from "./fixtures/guest";
import { test, tiny } from "./fixtures/shared_guest";

// Wall-clock time says little on a busy host.
const expect = baseExpect.configure({ timeout: 60_000 });

const query = "image=tiny&device=virtio-keyboard-pci,serial=first&device=virtio-tablet-pci";

test.use({ machine: { ...tiny, query } });
test.describe.configure({ mode: "serial", timeout: 400_000 });

/** An element of 400 x 300 pixels that takes keys and pointer for the machine, as a screen does. */
async function attach(page: Page): Promise<Locator> {
  await page.evaluate(async () => {
    const { ScreenInput: Input, machine } = globalThis.tabvisor as unknown as {
      ScreenInput: typeof ScreenInput;
      machine: Promise<Machine>;
    };
    const element = document.createElement("div");
    element.id = "pad";
    element.style.cssText = "position: fixed; left: 50px; top: 100px; width: 400px; height: 300px; z-index: 10";
    document.body.append(element);
    Object.assign(element, { input: new Input(element, await machine) });
  });
  return page.locator("#pad");
}

/** Starts to record the guest's input device with this name; the function stops and tells what came. */
async function record(guest: Guest, name: string): Promise<() => Promise<string[]>> {
  const find = `grep -lF '${name}' /sys/class/input/event*/device/name | grep -o 'event[0-9]*'`;
  const node = await guest.output(find);
  expect(node).toMatch(/^event\d+$/);
  await guest.output(`cat /dev/input/${node} > /tmp/events & echo $! > /tmp/recorder; sleep 0.3`);
  return async () => {
    // Struct input_event: two words of time, then type, code and value.
    const dump = "od -A n -v -t x2 -w24 /tmp/events | tr -s ' ' | cut -d ' ' -f 10-13";
    await guest.output("sleep 1; kill $(cat /tmp/recorder)");
    const lines = (await guest.output(dump)).split("\n").filter((line) => line !== "");
    return lines.map((line) => {
      const [type = 0, code = 0, low = 0, high = 0] = line.split(" ").map((word) => parseInt(word, 16));
      return `${type} ${code} ${low | (high << 16)}`;
    });
  };
}

const SYN = "0 0 0";

test("typing reaches the console of a guest without other keyboards through the i8042", async ({ page, guest }) => {
  await guest.output("rmmod virtio_input");
  // The console that nobody sees: what is typed there arrives as text, by the keyboard layout of the guest's kernel.
  await guest.output("cat /dev/tty1 > /tmp/typed & true");
  const pad = await attach(page);
  await pad.focus();
  await page.keyboard.press("Shift+KeyH");
  await page.keyboard.type("ello, world");
  for (const code of ["Shift+Slash", "Shift+Digit9", "Digit4", "Shift+Backquote", "Shift+Backslash"]) {
    await page.keyboard.press(code);
  }
  await page.keyboard.press("Enter");
  await page.keyboard.press("CapsLock");
  await page.keyboard.type("ab1");
  await page.keyboard.press("CapsLock");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("NumpadEnter");
  await expect.poll(() => guest.output("cat /tmp/typed")).toBe("Hello, world?(4~|\nAB");
  await page.evaluate(async () => (await tabvisor.machine)?.sendKey(["shift", "q"]));
  await page.evaluate(async () => (await tabvisor.machine)?.sendKey(["ret"]));
  await expect.poll(() => guest.output("tail -n 1 /tmp/typed")).toBe("Q");
});

test("a PS/2 mouse gets motion, buttons and wheel while the pointer is locked", async ({ page, guest }) => {
  await guest.output("modprobe psmouse; sleep 1");
  const stop = await record(guest, "ImExPS/2 Generic Explorer Mouse");
  const pad = page.locator("#pad");
  // The click that takes the pointer is not the guest's.
  await pad.click({ position: { x: 200, y: 150 } });
  await expect.poll(() => page.evaluate(() => document.pointerLockElement?.id)).toBe("pad");
  await page.mouse.move(260, 270);
  await page.mouse.down({ button: "right" });
  await page.mouse.up({ button: "right" });
  await page.mouse.wheel(0, 200);
  const events = await stop();
  const sum = (code: number) =>
    events.reduce((total, line) => total + (line.startsWith(`2 ${code} `) ? Number(line.split(" ")[2]) : 0), 0);
  expect([sum(0), sum(1)]).toEqual([10, 20]);
  expect(events).toContain("1 273 1");
  expect(events).toContain("1 273 0");
  expect(sum(8)).toBe(-2);
  await page.evaluate(() => document.exitPointerLock());
});

test("virtio-input drives keyboard and tablet by their own drivers", async ({ page, guest }) => {
  await guest.output("modprobe virtio_input; sleep 0.5");
  expect(await guest.output("ls /sys/bus/virtio/drivers/virtio_input | grep -c ^virtio")).toBe("2");
  const list = await guest.output("cat /proc/bus/input/devices");
  expect(list).toContain('I: Bus=0006 Vendor=0627 Product=0001 Version=0001\nN: Name="QEMU Virtio Keyboard"');
  expect(list).toContain("U: Uniq=first");
  expect(list).toMatch(/N: Name="QEMU Virtio Tablet"[^]*B: ABS=3$/);
  await expect.poll(() => page.evaluate(async () => (await tabvisor.machine)?.pointerMode)).toBe("position");

  const stopKeys = await record(guest, "QEMU Virtio Keyboard");
  await page.locator("#pad").focus();
  await page.keyboard.press("a");
  await page.keyboard.down("Shift");
  // Whoever leaves leaves no key down.
  await page.evaluate(() => document.getElementById("pad")?.blur());
  await page.keyboard.up("Shift");
  // On a busy host a key may be down for so long that the guest repeats it.
  const keys = (await stopKeys()).filter((line) => line !== SYN && !line.endsWith(" 2"));
  expect(keys).toEqual(["1 30 1", "1 30 0", "1 42 1", "1 42 0"]);

  const stopPointer = await record(guest, "QEMU Virtio Tablet");
  await page.mouse.move(150, 250);
  await page.mouse.down();
  await page.mouse.move(450, 400);
  await page.mouse.up();
  await page.mouse.move(250, 250);
  await page.mouse.wheel(0, -100);
  const events = await stopPointer();
  // A quarter and a half of the way, the button, then out over the edge while it is held.
  expect(events.slice(0, 5)).toEqual(["3 0 8192", "3 1 16384", SYN, "1 272 1", SYN]);
  expect(events).toContain("3 0 32767");
  expect(events).toContain("1 272 0");
  expect(events.slice(-3)).toEqual(["2 11 120", "2 8 1", SYN]);
});

test("the guest repeats a key that is held, and lights the lamps", async ({ page, guest }) => {
  await page.evaluate(async () => {
    const seen: boolean[] = [];
    Object.assign(globalThis, { seenCaps: seen });
    (await tabvisor.machine)?.on("leds", ({ capsLock }) => seen.push(capsLock));
  });
  const stop = await record(guest, "QEMU Virtio Keyboard");
  await page.locator("#pad").focus();
  await page.keyboard.down("b");
  await page.waitForTimeout(1500);
  await page.keyboard.up("b");
  await page.keyboard.press("CapsLock");
  const events = await stop();
  expect(events.filter((line) => line === "1 48 1")).toHaveLength(1);
  expect(events.filter((line) => line === "1 48 2").length).toBeGreaterThan(3);
  await expect
    .poll(() => page.evaluate(() => (globalThis as unknown as { seenCaps: boolean[] }).seenCaps))
    .toEqual([true]);
});

test("nothing was lost on the way, and the driver can leave and come back", async ({ guest }) => {
  await guest.output("rmmod virtio_input && modprobe virtio_input && sleep 0.5");
  expect(await guest.output("grep -c 'QEMU Virtio' /proc/bus/input/devices")).toBe("2");
  expect(await guest.output("dmesg -r | grep '^<[0-4]>' | grep -iE 'input|i8042|psmouse|virtio' || true")).toBe("");
  expect((await guest.stats()).counters["virtio failures"]).toBe(0);
});
