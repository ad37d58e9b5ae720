// Debian's qemu-guest-agent, driven by the calls of the embedding API. The last check ends the machine.
import { expect } from "@playwright/test";
import { debian, test } from "./fixtures/shared_guest";

test.use({ machine: debian });
test.describe.configure({ timeout: 900_000 });

test("answers once the guest has booted", async ({ guest }) => {
  const commands = await guest.page.evaluate(async () => {
    const agent = (await tabvisor.machine)?.agent;
    await agent?.ping(120_000);
    return (await agent?.info())?.supported_commands.map(({ name }) => name);
  });
  expect(commands).toContain("guest-exec");
  expect(await guest.events("VSERPORT_CHANGE")).toContainEqual({ id: "org.qemu.guest_agent.0", open: true });
});

test("runs a program, with its output and its code", async ({ guest }) => {
  const result = await guest.page.evaluate(async () => {
    const ended = await (
      await tabvisor.machine
    )?.agent.exec("/bin/sh", ["-c", "cat; echo oops >&2; exit 3"], {
      input: new TextEncoder().encode("from outside\n"),
    });
    const text = (bytes?: Uint8Array): string => new TextDecoder().decode(bytes);
    return { code: ended?.exitcode, out: text(ended?.stdout), err: text(ended?.stderr) };
  });
  expect(result).toEqual({ code: 3, out: "from outside\n", err: "oops\n" });
});

test("writes and reads files", async ({ guest }) => {
  const read = await guest.page.evaluate(async () => {
    const agent = (await tabvisor.machine)?.agent;
    if (agent === undefined) throw new Error("the page has no machine");
    const out = await agent.openFile("/root/from-outside", "w");
    await agent.writeFile(out, new TextEncoder().encode("written by the host\n"));
    await agent.closeFile(out);
    const file = await agent.openFile("/root/from-outside");
    const { bytes, eof } = await agent.readFile(file);
    await agent.closeFile(file);
    return { text: new TextDecoder().decode(bytes), eof };
  });
  expect(read).toEqual({ text: "written by the host\n", eof: true });
  expect(await guest.output("cat /root/from-outside")).toBe("written by the host");
  const refused = guest.page.evaluate(async () => (await tabvisor.machine)?.agent.openFile("/no/such/file"));
  await expect(refused).rejects.toThrow(/No such file/);
});

test("sets the clock", async ({ guest }) => {
  await guest.page.evaluate(async () => (await tabvisor.machine)?.agent.setTime(new Date("2031-02-03T04:05:06Z")));
  expect(await guest.output("date -u +%F")).toBe("2031-02-03");
  await guest.page.evaluate(async () => (await tabvisor.machine)?.agent.setTime(new Date()));
  const seconds = Number(await guest.output("date +%s"));
  expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(30);
});

test("the balloon gives half the memory back and takes it again under pressure", async ({ guest }) => {
  const mebibyte = 1 << 20;
  await guest.qmp("balloon", { value: 256 * mebibyte });
  await expect.poll(async () => (await guest.qmp("query-balloon")).actual, { timeout: 120_000 }).toBe(256 * mebibyte);
  expect((await guest.stats()).mappedBytes).toBeLessThanOrEqual(256 * mebibyte);
  // More than is left: the driver takes pages back rather than let the guest run out of memory.
  const filled = "perl -e '$x = q(x); $x x= 200 << 20; print length $x'";
  expect(await guest.output(filled, 500_000)).toBe(String(200 * mebibyte));
  expect((await guest.qmp("query-balloon")).actual).toBeGreaterThan(256 * mebibyte);
  await guest.qmp("balloon", { value: 512 * mebibyte });
  await expect.poll(async () => (await guest.qmp("query-balloon")).actual, { timeout: 120_000 }).toBe(512 * mebibyte);
  expect(await guest.output("dmesg | grep -ciE 'out of memory|oom-kill|call trace' || true")).toBe("0");
});

test("shuts the guest down", async ({ guest }) => {
  await guest.page.evaluate(async () => (await tabvisor.machine)?.agent.shutdown());
  await expect.poll(() => guest.state(), { timeout: 180_000 }).toBe("stopped");
  expect(await guest.events("SHUTDOWN")).toEqual([{ guest: true, reason: "guest-shutdown" }]);
});
