// What a guest sees of the processor: models by name, and (with the slow tests) Debian's 32-bit kernels.
import { expect } from "@playwright/test";
import { test } from "./fixtures/guest";

const ready = /tabvisor: shell ready/;

test("a named CPU model is what Linux finds", async ({ guest }) => {
  await guest.open("image=tiny&cpu=Westmere,-aes");
  await guest.waitFor(ready, { timeout: 120_000 });
  expect(await guest.output("grep -m1 'model name' /proc/cpuinfo")).toContain("Westmere E56xx/L56xx/X56xx (Nehalem-C)");
  const flags = (await guest.output("grep -m1 flags /proc/cpuinfo")).split(/\s+/);
  expect(flags).toEqual(expect.arrayContaining(["sse4_2", "popcnt", "pclmulqdq", "hypervisor"]));
  expect(flags.filter((flag) => ["aes", "xsave", "rdrand", "smap"].includes(flag))).toEqual([]);
  expect((await guest.stats()).unimplemented.count).toBe(0);
});

for (const image of ["tiny-i386", "tiny-i386-nopae"]) {
  test(`${image} boots a 32-bit kernel to a shell @slow`, async ({ guest }) => {
    test.setTimeout(600_000);
    await guest.open(`image=${image}`);
    await guest.waitFor(ready, { timeout: 580_000 });
    expect(await guest.output("uname -m")).toBe("i686");
    expect(await guest.output("dmesg | grep -ciE 'oops|BUG:|traps:|invalid opcode' || true")).toBe("0");
    expect((await guest.stats()).unimplemented.count).toBe(0);
  });
}
