// The embedding API: a machine as a page sees it. The page of this project uses nothing else.

import { ConsoleLog } from "../backends/console/console_log";
import { encodePng } from "../backends/display/png";
import * as Comlink from "comlink";
import { ConfigError, type ConfigIssue } from "../shared/config_issue";
import { checkConfig, type MachineConfig } from "../shared/machine_config";
import { parseQuery } from "../shared/query_string";
import type { Result } from "../shared/result";
import { inspectCpu, type CpuReport } from "./inspect";
import type { ConsoleName, DevicesEvent, ErrorReport, Notice, Progress, ResetReason, StartedState } from "./protocol";
import { RateMeter, type Stats } from "./rates";
import { Session } from "./session";

export { ConfigError, type MachineConfig, type CpuReport, type ConsoleName, type ErrorReport };
export type { Notice, Progress, ResetReason, Stats };

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
  /** The guest's screen has a picture of another size. */
  display: DisplaySize;
  /** The guest or the user started the machine anew. */
  reset: ResetReason;
  /** The guest powered off; the number is the exit code of QEMU's isa-debug-exit, 0 for ACPI. */
  shutdown: number;
  crash: CrashReport;
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

const consoleNames: readonly ConsoleName[] = ["hvc0", "ttyS0"];

export class Machine {
  readonly config: MachineConfig;
  readonly #output: Record<ConsoleName, ConsoleLog> = { hvc0: new ConsoleLog(), ttyS0: new ConsoleLog() };
  readonly #listeners: Listeners = {
    state: new Set(),
    progress: new Set(),
    notice: new Set(),
    display: new Set(),
    reset: new Set(),
    shutdown: new Set(),
    crash: new Set(),
  };
  #session: Session | undefined;
  #rates = new RateMeter();
  #stats: Stats | undefined;
  #state: MachineState = "created";
  #size: { columns: number; rows: number } | undefined;
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

  /** Ends all workers and gives the memory back. Streams end. */
  destroy(): void {
    if (this.#state === "destroyed") return;
    globalThis.removeEventListener("pagehide", this.#onPageHide);
    this.#endSession("the machine was destroyed");
    for (const name of consoleNames) this.#output[name].close();
    this.#setState("destroyed");
    for (const listeners of Object.values(this.#listeners)) listeners.clear();
  }

  /** Independent streams of bytes; what is readable starts with what is kept of the output so far. */
  console(name: ConsoleName): ConsoleStreams {
    const output = this.#output[name];
    if (output === undefined) throw new RangeError(`console ${String(name)}: there are ${consoleNames.join(", ")}`);
    const writable = new WritableStream<Uint8Array>({ write: (bytes) => this.#input(name, bytes) });
    return { readable: output.stream(), writable };
  }

  /** The size of the terminal on hvc0. */
  async resizeConsole(columns: number, rows: number): Promise<void> {
    this.#size = { columns, rows };
    await this.#session?.call((devices) => devices.resizeConsole(columns, rows));
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
      const size = this.#size;
      if (size) await session.call((devices) => devices.resizeConsole(size.columns, size.rows));
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
        this.#output[event.console].append(event.bytes);
        break;
      case "progress":
        this.#emit("progress", event.progress);
        break;
      case "notice":
        this.#emit("notice", event.notice);
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

  #onCrash(where: string, error: ErrorReport): void {
    const place = this.#session?.place;
    const view = place === undefined ? undefined : new DataView(place.memory.buffer);
    const cpus = view === undefined ? [] : (place?.cpus ?? []).map((cpu) => inspectCpu(view, cpu));
    this.#endSession(`the ${where} worker died: ${error.message}`);
    this.#setState("crashed");
    this.#emit("crash", { where, error, cpus, stats: this.#stats });
  }

  #endSession(reason: string): void {
    this.#session?.end(reason);
    this.#session = undefined;
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
