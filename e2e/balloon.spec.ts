// The balloon of a guest that needs its memory, in the image with stress-ng. What it does to an idle one is in hotplug.spec.
import { expect } from "@playwright/test";
import { test } from "./fixtures/guest";

const mebibyte = 1 << 20;
const all = 768 * mebibyte;

test(
  "shrinks to half the memory and back while stress-ng fills and checks its own",
  { tag: "@slow" },
  async ({ guest }) => {
    test.setTimeout(1_500_000);
    await guest.open(`image=lab&m=${all / mebibyte}`);
    await guest.waitFor(/root@tabvisor:~# /, { timeout: 600_000 });
    await guest.output("stress-ng --vm 2 --vm-bytes 120M --verify --timeout 90 >/tmp/stress 2>&1 & stress=$!");
    let rounds = 0;
    while ((await guest.run("kill -0 $stress 2>/dev/null", 300_000)).code === 0) {
      for (const value of [all / 2, all]) {
        await guest.qmp("balloon", { value });
        await expect.poll(async () => (await guest.qmp("query-balloon")).actual, { timeout: 300_000 }).toBe(value);
        if (value < all) expect((await guest.stats()).mappedBytes).toBeLessThanOrEqual(value);
      }
      rounds++;
    }
    test.info().annotations.push({ type: "balloon", description: `${rounds} times` });
    expect(rounds).toBeGreaterThan(1);
    expect(await guest.output("wait $stress; code=$?; cat /tmp/stress; (exit $code)")).toContain(
      "successful run completed",
    );
    expect(await guest.output("dmesg | grep -ciE 'out of memory|oom-kill|call trace' || true")).toBe("0");
  },
);
