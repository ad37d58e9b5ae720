// The machine model as the page sees it (`DevicesCalls`): one machine, made once, driven by a person.

import * as Comlink from "comlink";
import * as Cpu from "../../assembly/layout/cpu";
import { CanvasDisplay } from "../backends/display/canvas";
import { MachineModel, type MachineEvent } from "../machine/machine";
import type { ConfigIssue } from "../shared/config_issue";
import { Log, type LogEntry } from "../shared/log";
import type { MachineConfig } from "../shared/machine_config";
import { ok, type Result } from "../shared/result";
import { guestClock, sharedNow } from "./clock";
import type {
  ConsoleName,
  DevicesCalls,
  DevicesEvent,
  MachinePlace,
  Sample,
  Screenshot,
  StartedState,
} from "./protocol";
import { resolveMachine } from "./resolve";
import { takeSample } from "./sample";

export interface FacadeHost {
  /** Compiles the wasm module. */
  readonly compile: () => Promise<WebAssembly.Module>;
  readonly event: (event: DevicesEvent) => void;
  /** The machine's wake loop has ended with an error. */
  readonly failed: (error: unknown) => void;
}

export class DevicesFacade implements DevicesCalls {
  readonly #host: FacadeHost;
  readonly #display = new CanvasDisplay();
  #model: MachineModel | undefined;
  #place: MachinePlace | undefined;

  constructor(host: FacadeHost) {
    this.#host = host;
  }

  async create(config: MachineConfig, baseUrl: string): Promise<Result<MachinePlace, ConfigIssue>> {
    if (this.#model !== undefined) throw new Error("there is a machine already");
    const [module, resolved] = await Promise.all([this.#host.compile(), resolveMachine(config, baseUrl)]);
    if (!resolved.ok) return resolved;
    const epoch = performance.timeOrigin;
    const made = await MachineModel.create(resolved.value, {
      module,
      threads: "workers",
      now: guestClock(epoch),
      log: new Log("machine", (entry) => this.#log(entry)),
      event: (event) => this.#host.event(toPage(event)),
      display: this.#display,
    });
    if (!made.ok) return made;
    const { memory, plan, crossing } = made.value.parts;
    const cpus = Array.from({ length: plan.cpuCount }, (_, i) => plan.cpus + i * Cpu.SIZE);
    this.#model = made.value;
    this.#place = { module, memory, machine: plan.machine, cpus, epoch };
    crossing.run().catch((error: unknown) => this.#host.failed(error));
    return ok(this.#place);
  }

  async boot(): Promise<Result<StartedState, ConfigIssue>> {
    const model = this.#made();
    const booted = await model.boot();
    return booted.ok ? ok(startedState(model)) : booted;
  }

  pause(): Promise<void> {
    return this.#made().pause();
  }

  resume(): Promise<void> {
    return this.#made().resume();
  }

  async reset(): Promise<Result<StartedState, ConfigIssue>> {
    const model = this.#made();
    await model.reset();
    return ok(startedState(model));
  }

  powerdown(): Promise<void> {
    this.#made().powerdown();
    return Promise.resolve();
  }

  resizeConsole(columns: number, rows: number): Promise<void> {
    this.#made().resizeConsole(columns, rows);
    return Promise.resolve();
  }

  input(console: ConsoleName, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#made().input(console, bytes);
  }

  attachDisplay(canvas: OffscreenCanvas): Promise<void> {
    this.#display.attach(canvas);
    return Promise.resolve();
  }

  resizeDisplay(width: number, height: number): Promise<void> {
    this.#made().resizeDisplay(width, height);
    return Promise.resolve();
  }

  screendump(): Promise<Screenshot | undefined> {
    const snapshot = this.#made().screendump();
    return Promise.resolve(snapshot && Comlink.transfer(snapshot, [snapshot.pixels.buffer]));
  }

  sample(): Promise<Sample> {
    const model = this.#made();
    if (this.#place === undefined) throw new Error("there is no machine yet");
    return Promise.resolve(takeSample(model.parts.guest.data, this.#place, model.counters(), sharedNow()));
  }

  #made(): MachineModel {
    if (this.#model === undefined) throw new Error("there is no machine yet");
    return this.#model;
  }

  /** What is worth a person's attention is shown; the rest is for debuggers. */
  #log({ level, room, message }: LogEntry): void {
    if (level !== "warning" && level !== "error") return;
    this.#host.event({ type: "notice", notice: { level, text: `${room}: ${message}` } });
  }
}

function startedState(model: MachineModel): StartedState {
  return model.state === "paused" ? "paused" : "running";
}

function toPage(event: MachineEvent): DevicesEvent {
  switch (event.type) {
    case "progress":
      return { type: "progress", progress: { what: event.what, loaded: event.loaded, total: event.total } };
    case "notice":
      return { type: "notice", notice: { level: event.level, text: event.text } };
    default:
      return event;
  }
}
