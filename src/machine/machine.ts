// The machine model: knows all parts, gives them to each other, and leads the machine through its life. Runs in the
// devices worker, with the CPUs in workers of their own, or with everything in one thread (single_thread.ts).

import * as Cpu from "../../assembly/layout/cpu";
import * as Mailbox from "../../assembly/layout/mailbox";
import * as Platform from "../../assembly/layout/platform";
import { ConsoleInput } from "../backends/console/console_input";
import { cryptoRandom } from "../backends/random/crypto";
import { randomWords } from "../backends/random/words";
import { Crossing, serveExitHere } from "../core/crossing";
import { GuestMemory } from "../core/guest_memory";
import type { MemoryPlan } from "../core/memory_plan";
import { instantiate, type WasmExports } from "../core/wasm";
import { Router } from "../devices/pci/router";
import type { ConfigIssue } from "../shared/config_issue";
import type { Log } from "../shared/log";
import type { ResolvedConfig } from "../shared/resolve_config";
import { err, ok, type Result } from "../shared/result";
import { makeAcpi, type AcpiImage } from "./acpi/tables";
import type { BootPlan } from "./boot/boot_plan";
import { placeBytes, placeRegisters } from "./boot/place";
import { CpuControl, type CpuThreads } from "./cpu_control";
import { placeCpuModel } from "./cpu_model";
import { configureChips, DeviceSet } from "./devices";
import { openDrives, type OpenDrive } from "./drives";
import { loadBootPlan, type FileLoader } from "./load_boot_files";
import { makeMemory } from "./memory";
import { Ps2Input } from "./ps2_input";
import { SerialPort } from "./serial_port";

/** Cpu.JIT_ of the configuration's words. */
const jitCodes = { off: Cpu.JIT_OFF, on: Cpu.JIT_ON, force: Cpu.JIT_FORCE } as const;

export type ConsoleName = "hvc0" | "ttyS0";

export type MachineEvent =
  | { readonly type: "output"; readonly console: ConsoleName; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "progress"; readonly what: string; readonly loaded: number; readonly total: number | undefined }
  | { readonly type: "notice"; readonly level: "info" | "warning" | "error"; readonly text: string }
  | { readonly type: "reset"; readonly reason: "requested" | "guest" }
  | { readonly type: "shutdown"; readonly code: number };

export type MachineState = "created" | "running" | "paused" | "stopped";

/** What the model needs of the thread that it lives in. */
export interface MachineHost {
  readonly module: WebAssembly.Module;
  readonly threads: CpuThreads;
  /** Monotonic milliseconds, the same in all workers of the machine. */
  readonly now: () => number;
  readonly log: Log;
  readonly event: (event: MachineEvent) => void;
  /** For tools that have files elsewhere than at URLs. */
  readonly loadFile?: FileLoader;
}

export interface ModelCounters {
  readonly diskRead: number;
  readonly diskWritten: number;
  /** Bytes that came over the network for disks. */
  readonly diskFetched: number;
  readonly consoleIn: number;
  readonly consoleOut: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface MachineParts {
  readonly memory: WebAssembly.Memory;
  readonly plan: MemoryPlan;
  readonly guest: GuestMemory;
  readonly exports: WasmExports;
  readonly crossing: Crossing;
  readonly cpus: CpuControl;
  readonly devices: DeviceSet;
  readonly serial: SerialPort;
  readonly ps2: Ps2Input;
  readonly acpi: AcpiImage;
}

export class MachineModel {
  readonly config: ResolvedConfig;
  readonly parts: MachineParts;
  readonly #host: MachineHost;
  #state: MachineState = "created";
  #boot: BootPlan | undefined;
  /** The guest has asked for a reset or for power-off. */
  #ending = false;
  readonly #hvc0 = new ConsoleInput();
  /** Pause, resume, reset and what the guest asks for happen one after the other. */
  #turn: Promise<void> = Promise.resolve();

  /** Makes memory, chips and devices. Nothing runs yet. */
  static async create(config: ResolvedConfig, host: MachineHost): Promise<Result<MachineModel, ConfigIssue>> {
    const drives = await openDrives(config.drives, {
      progress: (what, loaded, total) => host.event({ type: "progress", what, loaded, total }),
      notice: (text) => host.event({ type: "notice", level: "warning", text }),
    });
    if (!drives.ok) return drives;
    const made = makeMemory(config.memory, config.cpus);
    if (!made.ok) return made;
    const { memory, plan } = made.value;
    const late: { crossing?: Crossing } = {};
    const exports = await instantiate(host.module, memory, {
      now: host.now,
      realtime: () => Date.now(),
      random: randomWords(cryptoRandom),
      // Only where the CPUs run in this thread.
      mailbox: (cpu) => {
        if (late.crossing !== undefined) serveExitHere(guest.words, late.crossing, cpu);
      },
    });
    const guest = new GuestMemory(memory, exports, plan.machine);
    const model = new MachineModel(config, host, { memory, plan, guest, exports });
    late.crossing = model.parts.crossing;
    const issue = model.#powerOn(drives.value);
    return issue === undefined ? ok(model) : err(issue);
  }

  private constructor(
    config: ResolvedConfig,
    host: MachineHost,
    base: Pick<MachineParts, "memory" | "plan" | "guest" | "exports">,
  ) {
    const { plan, guest, exports } = base;
    this.config = config;
    this.#host = host;
    const ports = new Router();
    const mmio = new Router();
    const crossing = new Crossing(guest, plan, {
      ports,
      mmio,
      event: (event, value) => this.#onGuestEvent(event, value),
    });
    const cpus = new CpuControl(guest, plan, exports, host.threads);
    const interrupts = {
      setIrqLine: (gsi: number, level: boolean) => exports.setIrqLine(plan.machine, gsi, level ? 1 : 0),
      raiseMsi: (address: number, data: number) => exports.raiseMsi(plan.machine, address, data),
    };
    const log = host.log.in("devices");
    const devices = new DeviceSet({ guest, plan, exports, crossing, ports, mmio, interrupts, log });
    const serial = new SerialPort(
      guest,
      (bytes) => {
        if (config.serial !== "null") host.event({ type: "output", console: "ttyS0", bytes });
      },
      () => cpus.kick(0),
    );
    crossing.addSource(serial.poll);
    const ps2 = new Ps2Input(guest, () => cpus.kick(0));
    const acpi = makeAcpi({ cpus: config.cpus, serial: true, vga: false });
    this.parts = { ...base, crossing, cpus, devices, serial, ps2, acpi };
  }

  #powerOn(drives: readonly OpenDrive[]): ConfigIssue | undefined {
    const { guest, exports, plan, devices } = this.parts;
    configureChips(this.config, guest);
    exports.machineInit(plan.machine);
    const refused = this.#chooseModel();
    if (refused !== undefined) return refused;
    for (let i = 0; i < plan.cpuCount; i++)
      exports.cpuSetTranslator(plan.cpus + i * Cpu.SIZE, jitCodes[this.config.jit]);
    // Guest time begins when the guest does, however long loading takes.
    exports.clockPause(plan.machine);
    const console = {
      input: this.#hvc0,
      output: (bytes: Uint8Array<ArrayBuffer>) => this.#host.event({ type: "output", console: "hvc0", bytes }),
    };
    const issue = devices.populate(this.config, drives, console);
    if (issue === undefined) devices.reset();
    return issue;
  }

  #chooseModel(): ConfigIssue | undefined {
    const { guest, exports, plan } = this.parts;
    for (let i = 0; i < plan.cpuCount; i++) {
      const placed = placeCpuModel(this.config.cpu, guest.data, this.#cpu(i));
      if (!placed.ok) return placed.error;
      if (i === 0 && placed.value.length > 0) {
        const text = `The CPU ${this.config.cpu.model} comes without ${placed.value.join(", ")}: not implemented.`;
        this.#host.event({ type: "notice", level: "warning", text });
      }
    }
    // The identity is part of the power-on state.
    exports.machineReset(plan.machine);
    return undefined;
  }

  get state(): MachineState {
    return this.#state;
  }

  /** Loads what the guest boots from and lets the CPUs run, unless the machine shall start paused. */
  async boot(): Promise<Result<void, ConfigIssue>> {
    const { config } = this;
    const plan = await loadBootPlan(
      config,
      this.parts.acpi.rsdp,
      (what, loaded, total) => this.#host.event({ type: "progress", what, loaded, total }),
      this.#host.loadFile,
    );
    if (!plan.ok) return plan;
    this.#boot = plan.value;
    this.#host.log.info(`booting: ${plan.value.description}`);
    const issue = this.#enter("fresh");
    if (issue !== undefined) return err(issue);
    this.#state = "paused";
    if (!config.startPaused) await this.resume();
    return ok(undefined);
  }

  pause(): Promise<void> {
    return this.#next(async () => {
      if (this.#state !== "running") return;
      await this.parts.cpus.stop();
      this.parts.exports.clockPause(this.parts.plan.machine);
      this.#state = "paused";
    });
  }

  resume(): Promise<void> {
    return this.#next(async () => {
      if (this.#state !== "paused") return;
      this.#state = "running";
      this.parts.exports.clockResume(this.parts.plan.machine);
      this.parts.cpus.go();
    });
  }

  /** The reset button: power-on state, and the kernel that was loaded boots again. Disks stay as they are. */
  reset(): Promise<void> {
    return this.#next(() => this.#restart("requested"));
  }

  /** The ACPI power button; the guest decides. */
  powerdown(): void {
    this.parts.exports.pressPowerButton(this.parts.plan.machine);
    this.parts.cpus.kick(0);
  }

  /** A CPU shut down after a triple fault: a PC's chip set resets it. For hosts whose CPUs have no mailbox for it. */
  tripleFault(): void {
    this.#onGuestEvent(Mailbox.EVENT_RESET, Platform.RESET_TRIPLE_FAULT);
  }

  /** Typed bytes for a console; resolves when there is room for more. */
  input(console: ConsoleName, bytes: Uint8Array): Promise<void> {
    return console === "ttyS0" ? this.parts.serial.input(bytes) : this.#hvc0.write(bytes);
  }

  /** The size of the terminal on hvc0. */
  resizeConsole(columns: number, rows: number): void {
    this.parts.devices.serial?.resize(columns, rows);
  }

  /** Nothing runs afterwards; the memory goes when nobody refers to it any more. */
  destroy(): void {
    this.#state = "stopped";
    this.parts.cpus.end();
    this.parts.crossing.stop();
    for (const { open } of this.parts.devices.disks) open.disk.close();
    this.#hvc0.close();
  }

  /** What the model counts, summed over all devices. */
  counters(): ModelCounters {
    const { serial, devices } = this.parts;
    const console = devices.serial?.counters;
    const sum = (value: (disk: (typeof devices.disks)[number]) => number) =>
      devices.disks.reduce((total, disk) => total + value(disk), 0);
    return {
      diskRead: sum(({ device }) => device.counters.readBytes),
      diskWritten: sum(({ device }) => device.counters.writtenBytes),
      diskFetched: sum(({ open }) => open.fetched()),
      consoleIn: serial.received + (console?.bytesIn ?? 0),
      consoleOut: serial.sent + (console?.bytesOut ?? 0),
      counters: { ...devices.counters(), "disk errors": sum(({ device }) => device.counters.errors) },
    };
  }

  #cpu(index: number): number {
    return this.parts.plan.cpus + index * Cpu.SIZE;
  }

  /** What a CPU reports through its mailbox. It goes on when this returns, so it is told to stand still first. */
  #onGuestEvent(event: number, value: number): void {
    this.parts.cpus.halt();
    // Instructions behind the one that ended it may still have run: what they ask for comes too late.
    if (this.#ending) return;
    this.#ending = true;
    const code = event === Mailbox.EVENT_SHUTDOWN ? Math.max(0, value - 1) : 0;
    const restarts = event === Mailbox.EVENT_RESET && !this.config.noReboot;
    void this.#next(() => (restarts ? this.#restart("guest") : this.#shutDown(code)));
  }

  async #shutDown(code: number): Promise<void> {
    if (this.#state === "stopped") return;
    await this.parts.cpus.stop();
    // What the guest wrote last is still on its way.
    this.parts.crossing.poll();
    this.#state = "stopped";
    this.#host.event({ type: "shutdown", code });
  }

  async #restart(reason: "requested" | "guest"): Promise<void> {
    if (this.#boot === undefined) return;
    // What the guest asked for while a pause was on its way happens, and the machine stays paused.
    const stays = reason === "guest" && this.#state === "paused";
    await this.parts.cpus.stop();
    this.parts.crossing.poll();
    const { exports, plan, devices } = this.parts;
    devices.reset();
    exports.machineReset(plan.machine);
    this.#ending = false;
    const issue = this.#enter("used");
    // The same bytes fitted before.
    if (issue !== undefined) throw new Error(issue.reason);
    this.#host.event({ type: "reset", reason });
    if (stays) return;
    this.#state = "running";
    exports.clockResume(plan.machine);
    this.parts.cpus.go();
  }

  /** Firmware tables and kernel into memory, CPU 0 to its entry. */
  #enter(memory: "fresh" | "used"): ConfigIssue | undefined {
    const { guest, acpi, exports } = this.parts;
    if (this.#boot === undefined) return undefined;
    const tables: BootPlan = { ...this.#boot, load: [acpi, ...this.#boot.load] };
    const issue = placeBytes(tables, guest, memory === "fresh");
    if (issue !== undefined) return issue;
    placeRegisters(this.#boot.entry, guest.data, this.#cpu(0));
    exports.cpuSync(this.#cpu(0));
    return undefined;
  }

  /** One change of state at a time. A failure is a bug of ours: it reaches the worker's entry as a rejection. */
  #next(change: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(change);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
