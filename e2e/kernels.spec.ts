// Kernels of other Debian releases, unmodified, given to the page by URL: each boots to a shell on the virtio console. Those in
// .cache/guests/kernels are tested, where `node tools/guest/kernels.mjs SUITE…` puts them.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { guests } from "../tools/lib.mjs";
import { test } from "./fixtures/guest";

const folder = join(guests, "kernels");
const kernels = existsSync(folder) ? readdirSync(folder) : [];

/** Every way in which Linux says that the processor did what it should not, or a program ended by it. */
const COMPLAINTS = "Oops|BUG:|WARNING:|Call Trace|traps:|invalid opcode|general protection|segfault|unchecked MSR";

for (const release of kernels) {
  test(`Linux ${release} boots to a shell`, { tag: "@slow" }, async ({ guest }) => {
    test.setTimeout(600_000);
    const at = `guests/kernels/${encodeURIComponent(release)}`;
    const append = encodeURIComponent("console=ttyS0 console=hvc0");
    const began = Date.now();
    await guest.open(
      `m=512&kernel=${at}/bzImage&initrd=${at}/initrd&append=${append}&device=virtio-serial-pci&device=virtconsole&device=virtio-rng-pci`,
    );
    await guest.waitFor(/tabvisor: shell ready/, { timeout: 580_000 });
    const { instructions } = await guest.stats();
    const description = `${((Date.now() - began) / 1000).toFixed(1)} s, ${(instructions / 1e9).toFixed(2)} G instructions`;
    test.info().annotations.push({ type: "boot", description });

    expect(await guest.output("uname -r")).toBe(release);
    expect(await guest.output(`dmesg | grep -E '${COMPLAINTS}' || true`)).toBe("");
    expect(await guest.output("cat /sys/devices/system/clocksource/clocksource0/current_clocksource")).toBe(
      "kvm-clock",
    );
    expect(await guest.output("grep -m1 flags /proc/cpuinfo")).toMatch(/\bsse4_2\b.*\bpopcnt\b.*\bhypervisor\b/);
    expect(await guest.output("dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c")).toBe("64");
    expect((await guest.stats()).unimplemented).toEqual({ count: 0, bytes: "", rip: "" });
  });
}

test("there are kernels to boot", { tag: "@slow" }, () => {
  test.skip(kernels.length === 0, "none were downloaded: node tools/guest/kernels.mjs bullseye trixie");
});
