// The whole machine in one thread, with a bare-metal guest of a few bytes: loading, console, reset, pause, power-off.
import { setImmediate as nextTask } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { MachineModel } from "../src/machine/machine";
import type { MachineEvent } from "../src/machine/machine_host";
import { makeMemory } from "../src/machine/memory";
import { SingleThread } from "../src/machine/single_thread";
import { formatIssue } from "../src/shared/config_issue";
import { Log } from "../src/shared/log";
import type { MachineConfig } from "../src/shared/machine_config";
import { resolveConfig } from "../src/shared/resolve_config";
import { exit, EXIT_PORT, LOAD, multiboot, outByte, printCommandLine } from "./multiboot";
import { wasmModule } from "./wasm";

const halt = [0xf4, 0xeb, 0xfd];
/** Sends back what it receives: IN AL,3FD; TEST AL,1; JZ; IN AL,3F8; OUT 3F8,AL; JMP. */
const echo = [0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 1, 0x74, 0xf7, 0x66, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xef];

interface Running {
  readonly model: MachineModel;
  readonly thread: SingleThread;
  readonly events: MachineEvent[];
  readonly messages: string[];
  output(): string;
}

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const end of cleanUp.splice(0)) end();
});

async function machine(code: readonly number[], more: MachineConfig = {}): Promise<Running> {
  const config: MachineConfig = {
    memory: 8,
    kernel: multiboot(code),
    append: "hello",
    devices: [{ driver: "isa-debug-exit", iobase: EXIT_PORT, iosize: 4 }],
    ...more,
  };
  const resolved = resolveConfig(config, { resolveUrl: (url) => url, imageUrl: (url) => url });
  if (!resolved.ok) throw new Error(formatIssue(resolved.error));
  const events: MachineEvent[] = [];
  const messages: string[] = [];
  const created = await MachineModel.create(resolved.value, {
    module: wasmModule("tabvisor.wasm"),
    threads: "here",
    now: () => performance.now(),
    log: new Log("test", ({ message }) => messages.push(message)),
    event: (event) => events.push(event),
  });
  if (!created.ok) throw new Error(formatIssue(created.error));
  const model = created.value;
  const thread = new SingleThread(model, { nextTask });
  cleanUp.push(() => {
    thread.stop();
    model.destroy();
  });
  const output = () =>
    events.flatMap((event) => (event.type === "output" ? [Buffer.from(event.bytes).toString()] : [])).join("");
  return { model, thread, events, messages, output };
}

async function booted(code: readonly number[], more?: MachineConfig): Promise<Running> {
  const running = await machine(code, more);
  const result = await running.model.boot();
  if (!result.ok) throw new Error(formatIssue(result.error));
  return running;
}

/** Runs until something holds. */
async function until(running: Running, holds: () => boolean): Promise<void> {
  const run = running.thread.run();
  const deadline = performance.now() + 10_000;
  while (!holds() && performance.now() < deadline) await nextTask();
  running.thread.stop();
  await run;
  expect(holds()).toBe(true);
}

const qmpEvents = ({ events }: Running): string[] =>
  events.flatMap((event) => (event.type === "qmp" ? [event.event.event] : []));
const isShutdown = (event: MachineEvent): boolean => event.type === "shutdown";

describe("a machine in one thread", () => {
  it("boots a multiboot image, shows its output and ends with its code", async () => {
    const running = await booted([...printCommandLine, ...exit(5)]);
    await running.thread.run();
    expect(running.output()).toBe("kernel hello");
    expect(running.events.filter(isShutdown)).toEqual([{ type: "shutdown", code: 11 }]);
    expect(running.model.state).toBe("stopped");
  });

  it("starts over at a reset that the guest asks for, with its memory as loaded", async () => {
    // The first time, a byte behind the code is 0: it becomes 1, and port CF9 resets.
    const flag = LOAD + 0x8000;
    const at = [flag & 0xff, (flag >> 8) & 0xff, (flag >> 16) & 0xff, flag >>> 24];
    const code = [...[0xfe, 0x05, ...at], ...outByte(0x3f8, 0x2e), ...[0x80, 0x3d, ...at, 1, 0x75, 7]];
    const running = await booted([...code, ...outByte(0xcf9, 6), ...exit(0)]);
    await until(running, () => running.events.filter((event) => event.type === "reset").length >= 3);
    expect(running.output().length).toBeGreaterThanOrEqual(3);
    expect(running.events.some(isShutdown)).toBe(false);
  });

  it("starts over after a triple fault", async () => {
    // UD2 without an interrupt table.
    const running = await booted([...outByte(0x3f8, 0x2e), 0x0f, 0x0b]);
    await until(running, () => running.events.filter((event) => event.type === "reset").length >= 2);
    expect(running.output()).toMatch(/^\.\.+$/);
    expect(running.messages.find((message) => message.includes("triple fault"))).toMatch(
      /^CPU 0: triple fault at 100027\n[^]*-> 0{10}100027  0f 0b +ud2/,
    );
  });

  it("has what a BIOS leaves behind: a resume vector after INIT, and a timer that ends HLT in real mode", async () => {
    const word = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
    const put = (at: number, value: number) => [0xc7, 0x05, ...word(at), ...word(value)];
    // STI; HLT; MOV DX, F4h; MOV AL, 21; OUT
    const resumed = [...put(0x1000, 0xf4baf4fb), ...put(0x1004, 0xee15b000)];
    const initToSelf = put(0xfee00300, 0x44500);
    const running = await booted([
      ...[...outByte(0x70, 0x0f), ...outByte(0x71, 0x0a), ...resumed, ...put(0x467, 0x1000)],
      ...[...initToSelf, ...halt],
    ]);
    await until(running, () => running.events.some(isShutdown));
    expect(running.events.filter(isShutdown)).toEqual([{ type: "shutdown", code: 43 }]);
  });

  it("starts over where programs jump to restart a PC", async () => {
    // INIT to itself, with no other wish in the CMOS.
    const code = [0xc7, 0x05, 0x00, 0x03, 0xe0, 0xfe, 0x00, 0x45, 0x04, 0x00];
    const running = await booted([...outByte(0x3f8, 0x2e), ...code, ...halt]);
    await until(running, () => running.events.filter((event) => event.type === "reset").length >= 2);
    expect(running.output()).toMatch(/^\.\.+$/);
  });

  it("ends at a reset when it shall not reboot", async () => {
    const running = await booted([...outByte(0xcf9, 6), ...halt], { noReboot: true });
    await running.thread.run();
    expect(running.events.filter(isShutdown)).toEqual([{ type: "shutdown", code: 0 }]);
  });

  it("resets on demand, also after it was powered off", async () => {
    const running = await booted([...printCommandLine, ...exit(0)]);
    await running.thread.run();
    await running.model.reset();
    expect(running.model.state).toBe("running");
    await running.thread.run();
    expect(running.output()).toBe("kernel hellokernel hello");
  });

  it("passes typed bytes to the UART", async () => {
    const running = await booted(echo);
    await running.model.input("ttyS0", new TextEncoder().encode("typed"));
    await until(running, () => running.output() === "typed");
  });

  it("stands still while paused", async () => {
    const running = await booted(echo);
    await running.model.pause();
    await running.model.input("ttyS0", Uint8Array.of(0x61));
    const run = running.thread.run();
    for (let i = 0; i < 20; i++) await nextTask();
    expect(running.output()).toBe("");
    await running.model.resume();
    running.thread.stop();
    await run;
    await until(running, () => running.output() === "a");
  });

  it("stays paused when the guest resets while a pause is on its way", async () => {
    const running = await booted([...printCommandLine, ...exit(0)]);
    const pausing = running.model.pause();
    running.model.tripleFault();
    await pausing;
    await nextTask();
    expect(running.events.filter(({ type }) => type === "reset")).toHaveLength(1);
    expect(running.model.state).toBe("paused");
    expect(running.model.parts.cpus.running).toBe(false);
    await running.model.resume();
    await until(running, () => running.model.state === "stopped");
  });

  it("is looked at while its CPUs stand, and goes on unless it was paused or is about to reset", async () => {
    const running = await booted(halt);
    const { cpus } = running.model.parts;
    const looked = (): Promise<boolean> => running.model.whileStanding(() => cpus.running);
    expect([await looked(), cpus.running]).toEqual([false, true]);
    const looking = looked();
    running.model.tripleFault();
    expect([await looking, cpus.running]).toEqual([false, false]);
    await running.model.pause();
    expect(running.events.filter(({ type }) => type === "reset")).toHaveLength(1);
    expect([await looked(), cpus.running]).toEqual([false, false]);
  });

  it("stops, goes on and resets in QMP's words", async () => {
    const running = await booted(echo);
    const { qmp } = running.model;
    const status = async (): Promise<unknown> => {
      const answer = await qmp.execute("query-status", {});
      return answer.ok ? answer.value : answer.error;
    };
    await qmp.execute("stop", {});
    expect(await status()).toEqual({ status: "paused", running: false });
    await qmp.execute("cont", {});
    expect(await status()).toEqual({ status: "running", running: true });
    await qmp.execute("system_reset", {});
    expect(qmpEvents(running)).toEqual(["RESUME", "STOP", "RESUME", "RESET"]);
  });

  it("plugs devices at run time; a guest that does not let go of one loses it at a reset", async () => {
    const running = await booted(echo, { drives: [{ size: 65536, if: "none", id: "spare" }] });
    const { model } = running;
    const execute = async (name: string, args: object): Promise<string> => {
      const answer = await model.qmp.execute(name, args);
      return answer.ok ? "done" : `${answer.error.class}: ${answer.error.desc}`;
    };
    const add = { driver: "virtio-blk-pci", id: "disk", drive: "spare" };
    expect(await execute("device_add", { ...add, addr: "2" })).toBe("done");
    expect(await execute("device_add", add)).toMatch(/Duplicate device ID/);
    expect(await execute("device_add", { ...add, id: "other" })).toMatch(/"spare" is in use/);
    expect(await execute("device_add", { driver: "virtio-rng", addr: 2 })).toMatch(/slot 0x2 is taken/);
    expect(await execute("device_add", { driver: "virtio-rng", addr: "many" })).toMatch(/^GenericError: Option device/);
    expect(await execute("device_add", { driver: "virtserialport", name: "a" })).toMatch(/needs a virtio-serial-pci/);
    expect(await execute("device_add", { driver: "isa-debug-exit" })).toMatch(/cannot be plugged/);
    expect(model.devices()).toMatchObject([{ id: "disk", slot: 2, state: "no driver" }]);
    expect(await execute("device_del", { id: "disk" })).toBe("done");
    expect(await execute("device_del", { id: "disk" })).toMatch(/already in the process of unplug/);
    expect(model.devices()).toHaveLength(1);
    await model.reset();
    expect(model.devices()).toEqual([]);
    expect(qmpEvents(running)).toContain("DEVICE_DELETED");
    expect(await execute("device_del", { id: "disk" })).toBe("DeviceNotFound: Device 'disk' not found");
    expect(await execute("device_add", add)).toBe("done");
  });

  it("has one device for a drive, whatever kind it is of, and names of devices beside names of drives", async () => {
    const drives = ["a", "b"].map((id) => ({ size: 65536, if: "none", id }) as const);
    const { model } = await booted(echo, { drives, devices: [{ driver: "virtio-scsi-pci" }] });
    const execute = async (name: string, args: object): Promise<string> => {
      const answer = await model.qmp.execute(name, args);
      return answer.ok ? "done" : answer.error.desc;
    };
    const inUse = /drive: "a" is in use by another device. Accepted: drive=b/;
    expect(await execute("device_add", { driver: "scsi-hd", drive: "a" })).toBe("done");
    for (const driver of ["scsi-hd", "virtio-blk-pci"]) {
      expect(await execute("device_add", { driver, drive: "a" })).toMatch(inUse);
      expect(await execute("device_add", { driver, drive: "c" })).toMatch(/there is no drive "c". Accepted: drive=b/);
    }
    expect(await execute("device_add", { driver: "virtio-blk-pci", drive: "b", id: "a" })).toBe("done");
    expect(await execute("device_add", { driver: "scsi-cd", id: "a" })).toMatch(/Duplicate device ID "a"/);
    expect(await execute("device_add", { driver: "scsi-cd", id: "b" })).toBe("done");
    const change = { device: "a", filename: "http://127.0.0.1:1/never.iso" };
    expect(await execute("blockdev-change-medium", change)).toBe("Device 'a' is not removable");
    // A device without an id is not known by its drive's, but a page may have no other name for it.
    expect(await execute("device_del", { id: "c" })).toBe("Device 'c' not found");
    expect(model.removeScsiDevice("a").ok).toBe(true);
    const drivesOf = async () =>
      (await model.qmp.execute("query-block", {})) as { value?: { device: string; qdev: string }[] };
    const names = (await drivesOf()).value?.map(({ device, qdev }) => `${device}/${qdev}`);
    expect(names).toEqual(["b/a", "/b", "a/"]);
    expect(await execute("device_add", { driver: "scsi-hd", drive: "a", id: "again" })).toBe("done");
  });

  it("reports all its devices, with the names that tell them apart", async () => {
    const { model } = await booted(echo, {
      memory: 16,
      drives: [{ size: 65536, if: "scsi", id: "a" }, { size: 65536 }],
      devices: [
        { driver: "qxl", id: "screen", ram_size_mb: 16, vram_size_mb: 1, vgamem_mb: 8 },
        { driver: "virtio-serial-pci" },
        { driver: "virtconsole" },
        { driver: "virtserialport", name: "org.example.port" },
      ],
    });
    expect(model.devices().map(({ driver, id, name }) => [driver, id, name].filter(Boolean).join(" "))).toEqual([
      "virtio-blk-pci drive1",
      "qxl screen",
      "virtconsole hvc0",
      "virtserialport org.example.port",
      "virtio-serial-pci",
      "virtio-scsi-pci",
      "scsi-hd a",
    ]);
    expect(model.devices()[1]).toMatchObject({ slot: 3, state: "no driver", failures: 0 });
    const removed = await model.qmp.execute("device_del", { id: "screen" });
    expect(removed).toMatchObject({ error: { desc: "Device 'screen' does not support hotplugging" } });
  });

  it("gives every card an address of its own, also when cards come and go", async () => {
    const netdevs = ["a", "b", "c"].map((id) => ({ type: "user", id }) as const);
    const { model } = await booted(echo, { netdevs });
    const add = async (netdev: string): Promise<void> => {
      const added = await model.qmp.execute("device_add", { driver: "virtio-net-pci", netdev, id: netdev });
      expect(added.ok).toBe(true);
    };
    const addresses = () => model.parts.devices.cards.map(({ device, id }) => `${id} ${device.mac[5]?.toString(16)}`);
    await add("a");
    await add("b");
    const used = await model.qmp.execute("device_add", { driver: "virtio-net-pci", netdev: "b" });
    expect(used).toMatchObject({
      error: { desc: expect.stringContaining("in use by another device. Accepted: netdev=c") as string },
    });
    await model.qmp.execute("device_del", { id: "a" });
    await model.reset();
    await add("c");
    expect(addresses()).toEqual(["b 57", "c 56"]);
  });

  it("adds and removes ports, and all of them with their device", async () => {
    const running = await booted(echo, { devices: [{ driver: "virtio-serial-pci", id: "serial" }] });
    const { model } = running;
    const add = (args: object) => model.qmp.execute("device_add", args);
    for (const name of ["a", "b"])
      expect(await add({ driver: "virtserialport", name, id: name })).toMatchObject({ ok: true });
    expect(await add({ driver: "virtserialport", name: "a" })).toMatchObject({ ok: false });
    for (const id of ["c0", "c1"]) expect(await add({ driver: "virtconsole", id })).toMatchObject({ ok: true });
    const removed: string[] = [];
    const listen = { data: () => undefined, guestOpened: () => undefined, removed: () => removed.push("a") };
    expect(model.port("a")?.open(listen)).toBe(true);
    await model.qmp.execute("device_del", { id: "c0" });
    await add({ driver: "virtconsole" });
    const consoles = running.events.filter((event) => event.type === "consoles").map(({ names }) => names.join(" "));
    expect(consoles).toEqual(["hvc0", "hvc0 hvc1", "hvc1", "hvc1 hvc0"]);
    await model.qmp.execute("device_del", { id: "serial" });
    await model.reset();
    expect([model.devices(), model.port("a"), removed]).toEqual([[], undefined, ["a"]]);
    expect(await add({ driver: "virtio-serial-pci" })).toMatchObject({ ok: true });
    expect(await add({ driver: "virtserialport", name: "a" })).toMatchObject({ ok: true });
  });

  it("waits for resume when it starts paused", async () => {
    const running = await booted([...printCommandLine, ...exit(0)], { startPaused: true });
    expect(running.model.state).toBe("paused");
    await running.model.resume();
    await running.thread.run();
    expect(running.output()).toBe("kernel hello");
  });

  it("says what is wrong with a kernel", async () => {
    const running = await machine([], { kernel: Uint8Array.of(1, 2, 3) });
    expect(await running.model.boot()).toMatchObject({ ok: false, error: { option: "kernel" } });
  });

  it("says how much memory is too much", () => {
    const made = makeMemory(4090, 1);
    expect(made.ok ? "" : formatIssue(made.error)).toMatch(
      /^Option m: 4090 MiB do not fit .* Accepted: 1 to \d{4} MiB/,
    );
  });
});
