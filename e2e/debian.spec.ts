// A whole Debian on a virtio disk. One boot for all checks, which read, and for those of guest_agent.spec.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { guests } from "../tools/lib.mjs";
import { debian, test } from "./fixtures/shared_guest";

const mebibyte = 1 << 20;

test.use({ machine: debian });
test.describe.configure({ timeout: 400_000 });

test("systemd is content", async ({ guest }) => {
  const { output } = await guest.run("systemctl is-system-running --wait", 200_000);
  expect(`${output}\n${(await guest.run("systemctl --failed --no-legend --plain --no-pager")).output}`).toBe(
    "running\n",
  );
});

test("kvm-clock keeps the time of the host", async ({ guest }) => {
  const source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  expect(await guest.output(`cat ${source}`)).toBe("kvm-clock");
  const seconds = Number(await guest.output("date +%s"));
  expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(5);
});

test("the kernel has nothing to complain about", async ({ guest }) => {
  const log = await guest.output("dmesg --level=emerg,alert,crit,err,warn --notime; echo");
  // What any guest says when the host gives its CPU no time for a while.
  const harmless = [/^$/, /^hrtimer: interrupt took \d+ ns/];
  const complaints = log.split("\n").filter((line) => !harmless.some((pattern) => pattern.test(line.trim())));
  expect(complaints).toEqual([]);
  const everything = await guest.output("dmesg");
  expect(everything).not.toMatch(/\bOops\b|BUG:|I\/O error|lost interrupt|unknown trap|invalid opcode|Call Trace/i);
});

test("64 MiB of the disk have the checksum that the host sees", async ({ guest }) => {
  // From the middle of the disk, which the mounted file system hardly touches while nothing is written.
  const range = { start: 64 * mebibyte, end: 128 * mebibyte - 1 };
  const hash = createHash("sha256");
  for await (const part of createReadStream(join(guests, "debian/disk.img"), range)) hash.update(part as Buffer);
  const sum = await guest.output("dd if=/dev/vda bs=1M skip=64 count=64 iflag=direct 2>/dev/null | sha256sum", 200_000);
  expect(sum.split(" ")[0]).toBe(hash.digest("hex"));
});

test("programs of Debian run", async ({ guest }) => {
  expect(await guest.output("perl -e 'printf qq(%.6f\\n), atan2(1,1)*4'")).toBe("3.141593");
  expect(await guest.output("printf abc | openssl dgst -sha256 -r")).toMatch(/^ba7816bf8f01cfea414140de5dae2223/);
  expect((await guest.run("apt-cache policy bash", 120_000)).output).toContain("Installed:");
});

test("the dynamic loader picks the libraries of x86-64-v2", async ({ guest }) => {
  const help = await guest.output("/lib64/ld-linux-x86-64.so.2 --help");
  expect(help).toMatch(/x86-64-v2 \(supported, searched\)/);
  expect(help).not.toMatch(/x86-64-v3 \(supported/);
});

test("a static program built by gcc computes what it should", async ({ guest }) => {
  expect((await guest.output("static-check", 120_000)).split("\n")).toEqual([
    "sorted bdbcf82f",
    "vectors 5726626816.0 22898487296",
    "fermat 1",
    "e 2.71828182845904524",
    "segv 1 1",
    "fpe 1",
    "ticks 1",
    'child 10 "from child" 42',
    "threads 80000 80000",
  ]);
});

test("openssl measures a speed for every size of block", async ({ guest }) => {
  const lines = await guest.output("openssl speed -seconds 1 sha256", 120_000);
  test.info().annotations.push({ type: "openssl", description: lines });
  const speeds = /^sha256((?: +[\d.]+k){6})$/m.exec(lines)?.[1]?.trim().split(/ +/).map(parseFloat) ?? [];
  expect(speeds).toHaveLength(6);
  for (const speed of speeds) expect(speed).toBeGreaterThan(50);
  // Larger blocks cost less per byte.
  expect(speeds.at(-1)).toBeGreaterThan(speeds[0] ?? Infinity);
});

test("no instruction was missing", async ({ guest }) => {
  expect((await guest.stats()).unimplemented).toEqual({ count: 0, bytes: "", rip: "" });
});

test("stands still while paused, and the clock is right afterwards", async ({ guest }) => {
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

test(
  "reboots from the guest, is reset by the button, keeps its disk, and powers off by the button",
  { tag: "@slow" },
  async ({ guest }) => {
    await guest.output("echo kept > /root/mark; sync");
    await guest.send("systemctl reboot\r");
    await guest.waitFor(/Welcome to .*Debian/, { timeout: 380_000 });
    await guest.press("Reset");
    // The old shell may say its prompt once more.
    await guest.waitFor(/tabvisor login:/, { timeout: 380_000 });
    await guest.waitFor(debian.ready);
    expect(await guest.output("cat /root/mark")).toBe("kept");
    await guest.press("Power off");
    await expect.poll(() => guest.state(), { timeout: 180_000 }).toBe("stopped");
  },
);
