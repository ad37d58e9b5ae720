import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConfigError, Machine, type MachineState } from "./client";
import { err, ok } from "../shared/result";
import type { DevicesCalls, Sample } from "./protocol";
import { Session, type SessionEvents } from "./session";

const sample: Sample = {
  time: 0,
  instructions: 0,
  idle: 0,
  cpus: 1,
  memoryBytes: 0,
  mappedBytes: 0,
  diskRead: 0,
  diskWritten: 0,
  diskFetched: 0,
  consoleIn: 0,
  consoleOut: 0,
  balloonBytes: undefined,
  guestMemory: {},
  unimplemented: { count: 0, bytes: "", rip: "" },
  counters: {},
};

/** A devices worker that does what it is told; with `fails`, what it is told does not work. */
class FakeDevices {
  fails: string | undefined;
  starts: "running" | "paused" = "running";
  readonly calls: string[] = [];
  readonly input = vi.fn(() => Promise.resolve());
  readonly sendInput = vi.fn(() => Promise.resolve());
  readonly sendKeys = vi.fn(() => Promise.resolve());
  readonly #note = (name: string) => () => {
    this.calls.push(name);
    const issue = { option: "kernel", reason: this.fails ?? "", accepted: [] };
    return Promise.resolve(this.fails === undefined ? ok(this.starts) : err(issue));
  };
  readonly boot = this.#note("boot");
  readonly reset = this.#note("reset");
  readonly pause = this.#note("pause");
  readonly resume = this.#note("resume");
  readonly powerdown = this.#note("powerdown");
  readonly resizeConsole = this.#note("resize");
  readonly sample = () => Promise.resolve(sample);
}

let devices: FakeDevices;
let owner: SessionEvents;
let sessions = 0;
const ended: string[] = [];

beforeEach(() => {
  devices = new FakeDevices();
  sessions = 0;
  ended.length = 0;
  vi.stubGlobal("crossOriginIsolated", true);
  vi.stubGlobal("addEventListener", vi.fn());
  vi.stubGlobal("removeEventListener", vi.fn());
  vi.spyOn(Session, "open").mockImplementation((_config, events) => {
    sessions++;
    owner = events;
    const session = {
      place: undefined,
      call: <T>(use: (calls: DevicesCalls) => Promise<T>) => use(devices as unknown as DevicesCalls),
      end: (reason: string) => void ended.push(reason),
    };
    return Promise.resolve(session as unknown as Session);
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function running(): Promise<Machine> {
  const machine = await Machine.create("kernel=vmlinux");
  await machine.start();
  return machine;
}

describe("Machine.create", () => {
  it("takes a query string or an object, and refuses what it does not understand", async () => {
    expect((await Machine.create("m=64&kernel=x")).config).toEqual({ memory: 64, kernel: "x" });
    expect((await Machine.create({ kernel: "x" })).state).toBe("created");
    await expect(Machine.create("nonsense=1")).rejects.toThrow(ConfigError);
    await expect(Machine.create("")).rejects.toThrow(/kernel/);
    expect(sessions).toBe(2);
  });

  it("says what is missing without isolation", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    await expect(Machine.create("kernel=x")).rejects.toThrow(/isolated.*Cross-Origin-Opener-Policy/);
  });
});

describe("the life of a machine", () => {
  it("starts, pauses, resumes, and tells each state", async () => {
    const machine = await Machine.create("kernel=x");
    const states: MachineState[] = [];
    machine.on("state", (state) => states.push(state));
    await machine.start();
    await machine.pause();
    await machine.start();
    expect(states).toEqual(["starting", "running", "paused", "running"]);
    expect(devices.calls).toEqual(["boot", "pause", "resume"]);
  });

  it("is paused after the start when the configuration says so", async () => {
    const machine = await Machine.create("kernel=x&S=on");
    devices.starts = "paused";
    await machine.start();
    expect(machine.state).toBe("paused");
  });

  it("refuses what its state is not for, with words", async () => {
    const machine = await Machine.create("kernel=x");
    await expect(machine.pause()).rejects.toThrow("cannot pause: the machine is created");
    await expect(machine.powerdown()).rejects.toThrow(/created/);
  });

  it("keeps its workers through a power-off and starts again on them", async () => {
    const machine = await running();
    const codes: number[] = [];
    machine.on("shutdown", (code) => codes.push(code));
    owner.event({ type: "shutdown", code: 3 });
    expect([machine.state, codes]).toEqual(["stopped", [3]]);
    await machine.start();
    expect([machine.state, sessions, devices.calls.at(-1)]).toEqual(["running", 1, "reset"]);
  });

  it("stays off when the guest ends before the start has returned", async () => {
    const machine = await Machine.create("kernel=x");
    const started = machine.start();
    owner.event({ type: "shutdown", code: 0 });
    await started;
    expect(machine.state).toBe("stopped");
  });

  it("reports a failed start, frees the workers, and can try again", async () => {
    const machine = await Machine.create("kernel=x");
    devices.fails = "404";
    await expect(machine.start()).rejects.toThrow(/kernel.*404/);
    expect([machine.state, ended.length]).toEqual(["stopped", 1]);
    devices.fails = undefined;
    await machine.start();
    expect([machine.state, sessions]).toEqual(["running", 2]);
  });

  it("reports a crash and is built anew by a reset", async () => {
    const machine = await running();
    const reports: string[] = [];
    machine.on("crash", ({ where, error }) => reports.push(`${where}: ${error.message}`));
    owner.crashed("CPU 0", { name: "RuntimeError", message: "unreachable", stack: "" });
    expect([machine.state, reports, ended.length]).toEqual(["crashed", ["CPU 0: unreachable"], 1]);
    expect((await machine.stats()).instructions).toBe(0);
    await machine.reset();
    expect([machine.state, sessions]).toEqual(["running", 2]);
  });

  it("is gone after destroy: streams end, nobody hears of it", async () => {
    const machine = await running();
    const { readable } = machine.console("hvc0");
    machine.destroy();
    expect(machine.state).toBe("destroyed");
    expect((await readable.getReader().read()).done).toBe(true);
    await expect(machine.start()).rejects.toThrow(/destroyed/);
  });
});

describe("Machine.console", () => {
  it("carries bytes both ways and drops input while the machine is off", async () => {
    const machine = await running();
    const { readable, writable } = machine.console("ttyS0");
    owner.event({ type: "output", console: "ttyS0", bytes: new Uint8Array([65]) });
    expect((await readable.getReader().read()).value).toEqual(new Uint8Array([65]));
    const writer = writable.getWriter();
    await writer.write(new Uint8Array([66]));
    expect(devices.input).toHaveBeenCalledWith("ttyS0", new Uint8Array([66]));
    owner.crashed("devices", { name: "Error", message: "x", stack: "" });
    await writer.write(new Uint8Array([67]));
    expect(devices.input).toHaveBeenCalledTimes(1);
  });

  it("knows its consoles", async () => {
    const machine = await running();
    expect(() => machine.console("tty9")).toThrow(/ttyS0, hvc0/);
  });
});

describe("Machine.resizeConsole", () => {
  it("tells a machine that starts later", async () => {
    const machine = await Machine.create("kernel=x");
    await machine.resizeConsole(100, 30);
    await machine.start();
    expect(devices.calls).toEqual(["resize", "resize", "boot"]);
  });
});

describe("keyboard and pointer", () => {
  it("presses keys by QEMU's names, and refuses others with the list", async () => {
    const machine = await running();
    await machine.sendKey(["ctrl", "alt", "delete"]);
    expect(devices.sendKeys).toHaveBeenCalledWith([29, 56, 111], 100);
    await expect(machine.sendKey(["ctrl", "any"])).rejects.toThrow(/key any: there are esc, /);
    await expect(machine.sendKey(["a"], NaN)).rejects.toThrow(/hold time/);
    expect(devices.sendKeys).toHaveBeenCalledTimes(1);
  });

  it("are ignored by a machine that is off", async () => {
    const machine = await running();
    owner.crashed("devices", { name: "Error", message: "x", stack: "" });
    await machine.sendInput([{ type: "motion", dx: 1, dy: 1 }]);
    await machine.sendKey(["a"]);
    expect(devices.sendInput).not.toHaveBeenCalled();
    expect(devices.sendKeys).not.toHaveBeenCalled();
  });

  it("know what pointer the guest has, until the machine goes", async () => {
    const machine = await running();
    const modes: string[] = [];
    machine.on("pointer", (mode) => modes.push(mode));
    owner.event({ type: "pointer", mode: "position" });
    expect(machine.pointerMode).toBe("position");
    owner.crashed("devices", { name: "Error", message: "x", stack: "" });
    expect(machine.pointerMode).toBe("motion");
    expect(modes).toEqual(["position", "motion"]);
  });
});
