// The embedding API: a machine as a page sees it. The page of this project uses nothing else.

import { transfer } from "comlink";
import { ConsoleLog } from "../backends/console/console_log";
import type { MediumError, ScsiDeviceConfig } from "../machine/scsi";
import { encodePng } from "../backends/display/png";
import * as Comlink from "comlink";
import { ConfigError, type ConfigIssue } from "../shared/config_issue";
import { checkConfig, type DriveConfig, type MachineConfig } from "../shared/machine_config";
import type { InputEvent, KeyboardLeds, PointerMode } from "../shared/input_event";
import { keyNames, keyOfName } from "../shared/keys";
import type { DeviceReport } from "../shared/device_report";
import { parseQuery } from "../shared/query_string";
import { type QmpCommand, type QmpCommands, QmpError, type QmpEvent } from "../shared/qmp";
import type { Result } from "../shared/result";
import { AGENT_PORT, GuestAgent } from "./guest_agent";
import { GuestClipboard, SPICE_PORT } from "./guest_clipboard";
import { inspectCpu, type CpuReport } from "./inspect";
import type {
  ConsoleName,
  DevicesEvent,
  ErrorReport,
  Notice,
  Progress,
  ResetReason,
  StartedState,
  TrayMoved,
} from "./protocol";
import { MachinePort } from "./port_link";
import { MachineNet, type NetCapture } from "./net_client";
import { RateMeter, type Stats } from "./rates";
import { Session } from "./session";
import type { CpuProfile, HotSpot } from "../machine/profile";

export { ConfigError, type MachineConfig, type CpuReport, type ConsoleName, type ErrorReport };
export type { InputEvent, KeyboardLeds, Notice, PointerMode, Progress, ResetReason, Stats };
export { AgentError } from "../shared/agent_error";
export { QmpError, type QmpCommand, type QmpCommands, type QmpEvent, type MachinePort };
export type { DeviceReport } from "../shared/device_report";
export type { MachineNet, NetCapture };
export type { CpuProfile, HotSpot };

export type MachineState = "created" | "starting" | "running" | "paused" | "stopped" | "crashed" | "destroyed";

export interface CrashReport {
  /** The thread that died: "CPU 0", "devices". */
  readonly where: string;
  readonly error: ErrorReport;
  readonly cpus: readonly CpuReport[];
  readonly stats: Stats | undefined;
}

export interface MachineEvents {
  state: MachineState;
  progress: Progress;
  notice: Notice;
  /** The tray of a CD-ROM drive opened or closed, by whomever. */
  tray: TrayMoved;
  /** The guest's driver for a tablet came or went. */
  pointer: PointerMode;
  /** The guest has set the lamps of its keyboard. */
  leds: KeyboardLeds;
  /** The guest's screen has a picture of another size. */
  display: DisplaySize;
  /** Somebody has copied this text in the guest. */
  clipboard: string;
  /** The guest or the user started the machine anew. */
  reset: ResetReason;
  /** The guest powered off; the number is the exit code of QEMU's isa-debug-exit, 0 for ACPI. */
  shutdown: number;
  crash: CrashReport;
  /** A virtio console has come or gone: all that there are now. */
  consoles: readonly ConsoleName[];
  /** An event in QMP's words. */
  qmp: QmpEvent;
}

const deviceErrors: Readonly<Record<MediumError, string>> = {
  "no-device": "there is no such device",
  "not-removable": "the device's medium cannot be removed",
  locked: "the guest has locked the tray; it was asked to open it",
};

/** A device does not do what was asked. */
export class DeviceError extends Error {
  readonly reason: MediumError;

  constructor(reason: MediumError) {
    super(deviceErrors[reason]);
    this.name = "DeviceError";
    this.reason = reason;
  }
}

export interface DisplaySize {
  readonly width: number;
  readonly height: number;
}

export interface ConsoleStreams {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
}

type Listener<K extends keyof MachineEvents> = (value: MachineEvents[K]) => void;
type Listeners = { [K in keyof MachineEvents]: Set<Listener<K>> };

/** QEMU's hold time of send-key, in ms. */
const HOLD_MS = 100;
const HOLD_MAX_MS = 60_000;

/** Consoles that every machine has a place for. */
const basicConsoles: readonly ConsoleName[] = ["ttyS0", "hvc0"];

export class Machine {
  readonly config: MachineConfig;
  readonly #output = new Map(basicConsoles.map((name) => [name, new ConsoleLog()]));
  readonly #ports = new Set<MachinePort>();
  /** Its network cards, and servers in the guest. */
  readonly net = new MachineNet((use) => this.#live().call(use));
  readonly #listeners: Listeners = {
    state: new Set(),
    progress: new Set(),
    notice: new Set(),
    tray: new Set(),
    pointer: new Set(),
    leds: new Set(),
    display: new Set(),
    clipboard: new Set(),
    reset: new Set(),
    shutdown: new Set(),
    crash: new Set(),
    consoles: new Set(),
    qmp: new Set(),
  };
  /** Calls to the guest's qemu-guest-agent, if it runs one and the machine has the port org.qemu.guest_agent.0. */
  readonly agent = new GuestAgent(
    () => this.port(AGENT_PORT),
    () => this.state === "running",
  );
  /** The clipboard of the guest's desktop, if it runs spice-vdagent and the machine has the port com.redhat.spice.0. */
  readonly clipboard = new GuestClipboard(
    () => this.port(SPICE_PORT),
    () => void this.#readClipboard(),
  );
  #session: Session | undefined;
  #rates = new RateMeter();
  #stats: Stats | undefined;
  #state: MachineState = "created";
  #pointerMode: PointerMode = "motion";
  readonly #sizes = new Map<ConsoleName, { columns: number; rows: number }>();
  #makeCanvas: (() => OffscreenCanvas) | undefined;
  #displaySize: DisplaySize | undefined;

  private constructor(config: MachineConfig) {
    this.config = config;
  }

  /**
   * Makes a machine that `start()` boots. Takes the configuration as an object or as a query string in QEMU's words.
   * Rejects with ConfigError for what it does not understand, with Error where the browser does not give the means.
   */
  static async create(config: MachineConfig | string): Promise<Machine> {
    const parsed = parseConfig(config);
    requireSharedMemory();
    const machine = new Machine(parsed);
    await machine.#open();
    globalThis.addEventListener("pagehide", machine.#onPageHide);
    return machine;
  }

  get state(): MachineState {
    return this.#state;
  }

  /** Boots from power-on state; continues a paused machine. */
  async start(): Promise<void> {
    if (this.#state === "paused") return this.resume();
    this.#require("start", "created", "stopped", "crashed");
    const first = this.#state === "created";
    this.#setState("starting");
    if (this.#session === undefined) return this.#rebuild();
    // A machine that was powered off is still there, with what is on its disks.
    return this.#boot((session) => session.call((devices) => (first ? devices.boot() : devices.reset())));
  }

  async pause(): Promise<void> {
    if (this.#state === "paused") return;
    this.#require("pause", "running");
    await this.#live().call((devices) => devices.pause());
    this.#goOver("running", "paused");
  }

  async resume(): Promise<void> {
    if (this.#state === "running") return;
    this.#require("resume", "paused");
    await this.#live().call((devices) => devices.resume());
    this.#goOver("paused", "running");
  }

  /** The reset button. Disks keep what was written, except after a crash, which starts over from the images. */
  async reset(): Promise<void> {
    this.#require("reset", "running", "paused", "stopped", "crashed");
    this.#setState("starting");
    if (this.#session === undefined) return this.#rebuild();
    return this.#boot((session) => session.call((devices) => devices.reset()));
  }

  /** Presses the ACPI power button; the guest decides. */
  async powerdown(): Promise<void> {
    this.#require("power down", "running");
    await this.#live().call((devices) => devices.powerdown());
  }

  /**
   * Takes the medium out of a CD-ROM drive (a device's id or its drive's). Rejects with DeviceError: a tray that the
   * guest has locked is opened only by force, and the guest is asked to let go.
   */
  async eject(device: string, options: { readonly force?: boolean } = {}): Promise<void> {
    accept(await this.#live().call((devices) => devices.eject(device, options.force ?? false)));
  }

  /** Ejects what is in a CD-ROM drive, lays in the medium, closes the tray. Rejects as `eject` does. */
  async changeMedium(device: string, medium: DriveConfig, options: { readonly force?: boolean } = {}): Promise<void> {
    accept(await this.#live().call((devices) => devices.changeMedium(device, medium, options.force ?? false)));
  }

  /** Adds a disk or a CD-ROM drive behind a SCSI controller of a machine that may be running. */
  async addScsiDevice(device: ScsiDeviceConfig, drive?: DriveConfig): Promise<void> {
    accept(await this.#live().call((devices) => devices.addScsiDevice(device, drive)));
  }

  /** Takes a SCSI device away; the guest is not asked, but told. */
  async removeScsiDevice(device: string): Promise<void> {
    accept(await this.#live().call((devices) => devices.removeScsiDevice(device)));
  }

  /** Ends all workers and gives the memory back. Streams end. */
  destroy(): void {
    if (this.#state === "destroyed") return;
    globalThis.removeEventListener("pagehide", this.#onPageHide);
    this.#endSession("the machine was destroyed");
    for (const output of this.#output.values()) output.close();
    this.#setState("destroyed");
    for (const listeners of Object.values(this.#listeners)) listeners.clear();
  }

  /** Names for `console`: ttyS0, hvc0 and the other virtio consoles of the machine. */
  get consoles(): ConsoleName[] {
    return [...this.#output.keys()];
  }

  /** Independent streams of bytes; what is readable starts with what is kept of the output so far. */
  console(name: ConsoleName): ConsoleStreams {
    const output = this.#output.get(name);
    if (output === undefined) throw new RangeError(`console ${String(name)}: there are ${this.consoles.join(", ")}`);
    const writable = new WritableStream<Uint8Array>({ write: (bytes) => this.#input(name, bytes) });
    return { readable: output.stream(), writable };
  }

  /** The size of the terminal on a virtio console. */
  async resizeConsole(columns: number, rows: number, console: ConsoleName = "hvc0"): Promise<void> {
    this.#sizes.set(console, { columns, rows });
    await this.#session?.call((devices) => devices.resizeConsole(columns, rows, console));
  }

  /**
   * Opens a `virtserialport` by its chardev, name or id. One at a time; the guest sees the port connected until `close`.
   * Rejects where there is no such port or somebody else has it.
   */
  async port(name: string): Promise<MachinePort> {
    const session = this.#live();
    const { port1, port2 } = new MessageChannel();
    const port = new MachinePort(name, port1);
    const opened = await session.call((devices) => devices.openPort(name, transfer(port2, [port2])));
    if (!opened.ok) {
      port.finish(opened.error);
      throw new Error(opened.error);
    }
    for (const old of this.#ports) if (old.ended !== undefined) this.#ports.delete(old);
    this.#ports.add(port);
    return port;
  }

  /** A command in QMP's words (docs/control.md); rejects with QmpError, whose `class` is QMP's. */
  async qmp<C extends QmpCommand>(command: C, args?: QmpCommands[C]["arguments"]): Promise<QmpCommands[C]["return"]> {
    if (this.#session === undefined) {
      if (command === "query-status") return { status: "internal-error", running: false };
      throw new QmpError({ class: "GenericError", desc: `the machine is ${this.#state}` });
    }
    const answer = await this.#session.call((devices) => devices.qmp(command, args));
    if (!answer.ok) throw new QmpError(answer.error);
    // Commands answer with what their types say (src/machine/qmp).
    return answer.value as QmpCommands[C]["return"];
  }

  /** What the guest's pointer device understands now. */
  get pointerMode(): PointerMode {
    return this.#pointerMode;
  }

  /** What a person did at the same moment with keyboard and pointer. A machine that does not run does not notice. */
  async sendInput(events: readonly InputEvent[]): Promise<void> {
    await this.#session?.call((devices) => devices.sendInput(events));
  }

  /** Presses keys together, by QEMU's names ("ctrl", "alt", "delete"), and lets them go after `holdMs`. */
  async sendKey(names: readonly string[], holdMs = HOLD_MS): Promise<void> {
    if (!(holdMs >= 0 && holdMs <= HOLD_MAX_MS)) throw new RangeError(`hold time: 0 to ${HOLD_MAX_MS} ms`);
    const keys = names.map((name) => {
      const key = keyOfName(name);
      if (key === undefined) throw new RangeError(`key ${name}: there are ${keyNames.join(", ")}`);
      return key;
    });
    await this.#session?.call((devices) => devices.sendKeys(keys, holdMs));
  }

  /**
   * Shows the guest's screen on canvases: one is asked for now, and another one each time that the machine is built
   * anew, since a canvas can be given away only once.
   */
  async showDisplay(makeCanvas: () => OffscreenCanvas): Promise<void> {
    this.#makeCanvas = makeCanvas;
    if (this.#session !== undefined) await this.#attachDisplay(this.#session);
  }

  /** Size of the guest's picture; undefined before there was one. */
  get displaySize(): DisplaySize | undefined {
    return this.#displaySize;
  }

  /** Tells the guest how large the place for its screen is; it may change to that resolution. */
  async resizeDisplay(width: number, height: number): Promise<void> {
    await this.#session?.call((devices) => devices.resizeDisplay(width, height));
  }

  /** The guest's screen as a PNG file. Rejects while there is no picture. */
  async screendump(): Promise<Blob> {
    const screenshot = await this.#live().call((devices) => devices.screendump());
    if (screenshot === undefined) throw new Error("the machine shows no picture");
    return new Blob([await encodePng(screenshot)], { type: "image/png" });
  }

  /** Returns a function that ends the subscription. */
  on<K extends keyof MachineEvents>(event: K, listener: Listener<K>): () => void {
    const listeners: Set<Listener<K>> = this.#listeners[event];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Counters and rates; after a crash the last ones known. */
  async stats(): Promise<Stats> {
    if (this.#session !== undefined) {
      const sample = await this.#session.call((devices) => devices.sample());
      this.#stats = this.#rates.add(sample);
    }
    if (this.#stats === undefined) throw new Error("the machine has no statistics yet");
    return this.#stats;
  }

  /** The devices of the machine with their features, queues and counters. */
  async devices(): Promise<DeviceReport[]> {
    return this.#live().call((devices) => devices.devices());
  }

  /** Where each CPU spends its instructions, from samples that are taken all the time. */
  async profile(): Promise<readonly CpuProfile[]> {
    return this.#live().call((devices) => devices.profile());
  }

  /** The WebAssembly of a hot spot's translation as text; undefined when the guest's code is no longer there. */
  async translation(cpu: number, slot: number): Promise<string | undefined> {
    return this.#live().call((devices) => devices.translation(cpu, slot));
  }

  readonly #onPageHide = (): void => this.destroy();

  async #open(): Promise<void> {
    const session = await Session.open(this.config, {
      event: (event) => this.#onEvent(event),
      crashed: (where, error) => this.#onCrash(where, error),
    });
    if (this.#state === "destroyed") {
      session.end("the machine was destroyed");
      return;
    }
    this.#session = session;
    await this.#attachDisplay(session);
  }

  async #attachDisplay(session: Session): Promise<void> {
    const canvas = this.#makeCanvas?.();
    if (canvas === undefined) return;
    await session.call((devices) => devices.attachDisplay(Comlink.transfer(canvas, [canvas])));
  }

  /** A machine in new workers with new memory, booted. */
  async #rebuild(): Promise<void> {
    this.#endSession("the machine is built anew");
    try {
      await this.#open();
    } catch (error) {
      this.#fail();
      throw error;
    }
    return this.#boot((session) => session.call((devices) => devices.boot()));
  }

  async #boot(boot: (session: Session) => Promise<Result<StartedState, ConfigIssue>>): Promise<void> {
    try {
      const session = this.#live();
      for (const [name, { columns, rows }] of this.#sizes) {
        await session.call((devices) => devices.resizeConsole(columns, rows, name));
      }
      // Averages are since here.
      this.#rates = new RateMeter();
      this.#stats = this.#rates.add(await session.call((devices) => devices.sample()));
      const booted = await boot(session);
      if (!booted.ok) throw new ConfigError(booted.error);
      this.#goOver("starting", booted.value);
    } catch (error) {
      this.#fail();
      throw error;
    }
  }

  /** Booting did not work out: the workers go, `start()` tries again from the beginning. */
  #fail(): void {
    if (this.#state !== "starting") return;
    this.#endSession("the machine did not start");
    this.#setState("stopped");
  }

  async #input(name: ConsoleName, bytes: Uint8Array): Promise<void> {
    // Typing at a machine that is off goes nowhere, as it does on hardware; the stream stays usable.
    if (this.#session === undefined) return;
    const copy = new Uint8Array(bytes);
    await this.#session.call((devices) => devices.input(name, copy));
  }

  #onEvent(event: Exclude<DevicesEvent, { type: "crashed" }>): void {
    switch (event.type) {
      case "output":
        this.#output.get(event.console)?.append(event.bytes);
        break;
      case "consoles":
        this.#onConsoles(event.names);
        break;
      case "qmp":
        this.#onQmp(event.event);
        break;
      case "progress":
        this.#emit("progress", event.progress);
        break;
      case "notice":
        this.#emit("notice", event.notice);
        break;
      case "tray":
        this.#emit("tray", { device: event.device, open: event.open });
        break;
      case "pointer":
        this.#setPointerMode(event.mode);
        break;
      case "leds":
        this.#emit("leds", event.leds);
        break;
      case "display":
        this.#displaySize = { width: event.width, height: event.height };
        this.#emit("display", this.#displaySize);
        break;
      case "reset":
        this.#emit("reset", event.reason);
        break;
      case "shutdown":
        this.#setState("stopped");
        this.#emit("shutdown", event.code);
        break;
    }
  }

  #onConsoles(names: readonly ConsoleName[]): void {
    const present = [...basicConsoles, ...names];
    for (const name of present) if (!this.#output.has(name)) this.#output.set(name, new ConsoleLog());
    for (const [name, output] of this.#output) {
      if (present.includes(name)) continue;
      output.close();
      this.#output.delete(name);
      this.#sizes.delete(name);
    }
    this.#emit("consoles", this.consoles);
  }

  /** Commands change the state without our doing. */
  #onQmp(event: QmpEvent): void {
    if (event.event === "STOP") this.#goOver("running", "paused");
    if (event.event === "RESUME" && this.#state !== "starting") this.#setState("running");
    this.#emit("qmp", event);
  }

  #onCrash(where: string, error: ErrorReport): void {
    const place = this.#session?.place;
    const view = place === undefined ? undefined : new DataView(place.memory.buffer);
    const cpus = view === undefined ? [] : (place?.cpus ?? []).map((cpu) => inspectCpu(view, cpu));
    this.#endSession(`the ${where} worker died: ${error.message}`);
    this.#setState("crashed");
    this.#emit("crash", { where, error, cpus, stats: this.#stats });
  }

  #setPointerMode(mode: PointerMode): void {
    if (this.#pointerMode === mode) return;
    this.#pointerMode = mode;
    this.#emit("pointer", mode);
  }

  /** A guest that has copied and then does not tell what is no matter. */
  async #readClipboard(): Promise<void> {
    const text = await this.clipboard.read().catch(() => "");
    if (text !== "") this.#emit("clipboard", text);
  }

  #endSession(reason: string): void {
    this.#session?.end(reason);
    this.#session = undefined;
    this.#setPointerMode("motion");
    for (const port of this.#ports) port.finish(reason);
    this.#ports.clear();
  }

  #live(): Session {
    if (this.#session === undefined) throw new Error(`the machine is ${this.#state}`);
    return this.#session;
  }

  #require(what: string, ...states: MachineState[]): void {
    if (!states.includes(this.#state)) throw new Error(`cannot ${what}: the machine is ${this.#state}`);
  }

  /** Unless the guest has powered off, or a worker died, while we waited. */
  #goOver(from: MachineState, to: MachineState): void {
    if (this.#state === from) this.#setState(to);
  }

  #setState(state: MachineState): void {
    if (this.#state === state || this.#state === "destroyed") return;
    this.#state = state;
    this.#emit("state", state);
  }

  #emit<K extends keyof MachineEvents>(event: K, value: MachineEvents[K]): void {
    const listeners: Set<Listener<K>> = this.#listeners[event];
    for (const listener of [...listeners]) listener(value);
  }
}

function accept(result: Result<void, ConfigIssue | MediumError>): void {
  if (result.ok) return;
  throw typeof result.error === "string" ? new DeviceError(result.error) : new ConfigError(result.error);
}

function parseConfig(config: MachineConfig | string): MachineConfig {
  if (typeof config === "string") {
    const parsed = parseQuery(config);
    if (!parsed.ok) throw new ConfigError(parsed.error);
    config = parsed.value;
  }
  const issue = checkConfig(config);
  if (issue !== undefined) throw new ConfigError(issue);
  return config;
}

function requireSharedMemory(): void {
  if (typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated) return;
  throw new Error(
    "The page is not cross-origin isolated, so that the browser gives it no shared memory. " +
      "Serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.",
  );
}
