// Machines other than the ready images: bare-metal programs, much memory, a host without headers.
import { expect, mergeTests } from "@playwright/test";
import { EXIT_PORT, exit, multiboot, printCommandLine } from "../tests/multiboot";
import { test as guestTest } from "./fixtures/guest";
import { test as originTest } from "./fixtures/other_origin";
import { test as plainTest } from "./fixtures/plain_server";

const test = mergeTests(guestTest, originTest, plainTest);
const ready = /tabvisor: shell ready/;

test("a multiboot program gets its command line, speaks on COM1 and ends with a code", async ({
  page,
  guest,
  otherOrigin,
}) => {
  const kernel = otherOrigin.put("program", Buffer.from(multiboot([...printCommandLine, ...exit(5)])));
  const exitDevice = `device=isa-debug-exit,iobase=0x${EXIT_PORT.toString(16)},iosize=4`;
  await guest.open(`m=8&kernel=${kernel}&append=hello+there&${exitDevice}`);
  await guest.waitFor(/hello there/, { console: "ttyS0" });
  await expect(page.getByRole("log", { name: "Notices" })).toContainText("ended with code 11");
  await expect(page.getByRole("tab", { name: "ttyS0" })).toHaveAttribute("aria-selected", "true");
  expect(await guest.state()).toBe("stopped");
});

test("an instruction that is missing is named", async ({ page, guest, otherOrigin }) => {
  // VZEROUPPER without AVX: #UD, and without an IDT a triple fault.
  const kernel = otherOrigin.put("program", Buffer.from(multiboot([0xc5, 0xf8, 0x77])));
  await guest.open(`m=8&kernel=${kernel}&no-reboot`);
  await expect.poll(() => guest.state()).toBe("stopped");
  await expect(page.getByRole("contentinfo")).toContainText(/Unimplemented\s*1, last c5 ?f8 ?77/);
});

test("a guest has 2 GiB and no network card if it asks for that", async ({ page, guest }) => {
  await guest.open("image=tiny&m=2G&nic=none");
  await guest.waitFor(ready);
  const kibibytes = Number(await guest.output("sed -n 's/MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"));
  expect(kibibytes).toBeGreaterThan(1_900_000);
  expect((await guest.stats()).mappedBytes).toBeLessThan(400 << 20);
  await expect(page.getByRole("contentinfo")).toContainText("of 2.0 GiB");
  expect(await guest.output("ls /sys/class/net")).toBe("lo");
});

test("says what to do when the browser does not grant the memory", async ({ page, context }) => {
  const refusal = "WebAssembly.Memory = function () { throw new RangeError('could not allocate memory'); };";
  await context.route(/devices\.worker/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${refusal}\n${await response.text()}` });
  });
  await page.goto("./?image=tiny&m=2G");
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("Option m: the browser refused 2");
  await expect(alert).toContainText("m=512");
});

test("boots below a path of a host that sends no headers", async ({ guest, plainUrl }) => {
  await guest.open("image=tiny", plainUrl);
  await guest.waitFor(/Linux version 6\.1\./, { console: "ttyS0" });
});
