// A whole Debian on a virtio disk. One boot for all checks: they read, the last ones restart and end it.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { guests } from "../tools/lib.mjs";
import { Guest } from "./fixtures/guest";

const prompt = /root@tabvisor:~# /;
const mebibyte = 1 << 20;
let guest: Guest;

test.describe.configure({ mode: "serial", timeout: 400_000 });

test.beforeAll(async ({ browser }) => {
  test.setTimeout(400_000);
  guest = new Guest(await browser.newPage());
});

test.afterAll(async () => {
  await guest.page.close();
});

test("boots to a root shell on hvc0", async () => {
  const began = Date.now();
  await guest.open("image=debian");
  await guest.waitFor(prompt, { timeout: 380_000 });
  const { instructions, mips, mipsAverage } = await guest.stats();
  const seconds = (Date.now() - began) / 1000;
  const report = `${seconds.toFixed(1)} s, ${(instructions / 1e9).toFixed(2)} G instructions, ${mips.toFixed(0)} now, ${mipsAverage.toFixed(0)} average`;
  test.info().annotations.push({ type: "boot", description: report });
  await test.info().attach("screen", { body: await guest.page.screenshot(), contentType: "image/png" });
  // The kernel's messages go to this console too, and would mix with what commands print; dmesg still has them all.
  await guest.run("dmesg --console-level emerg");
});

test("systemd is content", async () => {
  const { output } = await guest.run("systemctl is-system-running --wait", 200_000);
  expect(`${output}\n${(await guest.run("systemctl --failed --no-legend --plain --no-pager")).output}`).toBe(
    "running\n",
  );
});

test("kvm-clock keeps the time of the host", async () => {
  const source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  expect(await guest.output(`cat ${source}`)).toBe("kvm-clock");
  const seconds = Number(await guest.output("date +%s"));
  expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(5);
});

test("the kernel has nothing to complain about", async () => {
  const log = await guest.output("dmesg --level=emerg,alert,crit,err,warn --notime; echo");
  // What any guest says when the host gives its CPU no time for a while.
  const harmless = [
    /^$/,
    /^hrtimer: interrupt took \d+ ns/,
    /^clocksource: Long readout interval, skipping watchdog check/,
  ];
  const complaints = log.split("\n").filter((line) => !harmless.some((pattern) => pattern.test(line.trim())));
  expect(complaints).toEqual([]);
  const everything = await guest.output("dmesg");
  expect(everything).not.toMatch(/\bOops\b|BUG:|I\/O error|lost interrupt|unknown trap|invalid opcode|Call Trace/i);
});

test("64 MiB of the disk have the checksum that the host sees", async () => {
  // From the middle of the disk, which the mounted file system hardly touches while nothing is written.
  const range = { start: 64 * mebibyte, end: 128 * mebibyte - 1 };
  const hash = createHash("sha256");
  for await (const part of createReadStream(join(guests, "debian/disk.img"), range)) hash.update(part as Buffer);
  const sum = await guest.output("dd if=/dev/vda bs=1M skip=64 count=64 iflag=direct 2>/dev/null | sha256sum", 200_000);
  expect(sum.split(" ")[0]).toBe(hash.digest("hex"));
});

test("programs of Debian run", async () => {
  expect(await guest.output("perl -e 'printf qq(%.6f\\n), atan2(1,1)*4'")).toBe("3.141593");
  expect(await guest.output("printf abc | openssl dgst -sha256 -r")).toMatch(/^ba7816bf8f01cfea414140de5dae2223/);
  expect((await guest.run("apt-cache policy bash", 120_000)).output).toContain("Installed:");
});

test("the dynamic loader picks the libraries of x86-64-v2", async () => {
  const help = await guest.output("/lib64/ld-linux-x86-64.so.2 --help");
  expect(help).toMatch(/x86-64-v2 \(supported, searched\)/);
  expect(help).not.toMatch(/x86-64-v3 \(supported/);
});

test("no instruction was missing", async () => {
  expect((await guest.stats()).unimplemented).toEqual({ count: 0, bytes: "", rip: "" });
});

test("stands still while paused, and the clock is right afterwards", async () => {
  await guest.press("Pause");
  await expect.poll(() => guest.state()).toBe("paused");
  const { instructions } = await guest.stats();
  await guest.page.waitForTimeout(2000);
  expect((await guest.stats()).instructions).toBe(instructions);
  await guest.press("Resume");
  const [uptime = 0] = (await guest.output("cat /proc/uptime")).split(" ").map(Number);
  expect(uptime).toBeGreaterThan(0);
  expect(await guest.output("dmesg | grep -ciE 'soft lockup|rcu.*stall' || true")).toBe("0");
});

test("reboots from the guest, keeps its disk, and powers off by the button", async () => {
  await guest.output("echo kept > /root/mark; sync");
  await guest.send("systemctl reboot\r");
  // The old shell may say its prompt once more.
  await guest.waitFor(/tabvisor login:/, { timeout: 380_000 });
  await guest.waitFor(prompt);
  expect(await guest.output("cat /root/mark")).toBe("kept");
  await guest.press("Power off");
  await expect.poll(() => guest.state(), { timeout: 180_000 }).toBe("stopped");
});
