// The mode that compares every translation with the interpreter (jit=check): a system boots in it, and no difference is found.
import { expect } from "@playwright/test";
import { test } from "./fixtures/guest";

const BOOT_MS = 900_000;

test("a system boots with its translations compared @slow", async ({ guest }) => {
  test.setTimeout(2 * BOOT_MS);
  await guest.open("image=tiny&jit=check");
  await guest.waitFor(/tabvisor: shell ready/, { timeout: BOOT_MS });
  expect(await guest.output("seq 3000 | sort -r | md5sum", BOOT_MS)).toMatch(/^[0-9a-f]{32} /);
  expect(await guest.state()).toBe("running");
  const { counters } = await guest.stats();
  expect(counters["translated regions"]).toBeGreaterThan(100);
});
