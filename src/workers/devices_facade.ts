// The machine model as the page sees it (`DevicesCalls`): one machine, made once, driven by a person.

import * as Comlink from "comlink";
import * as Cpu from "../../assembly/layout/cpu";
import { CanvasDisplay } from "../backends/display/canvas";
import { MachineModel } from "../machine/machine";
import type { MachineEvent } from "../machine/machine_host";
import type { MediumError, ScsiDeviceConfig } from "../machine/scsi";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import { checkDevice } from "../shared/device_options";
import type { InputEvent } from "../shared/input_event";
import type { KeyNumber } from "../shared/keys";
import { type CpuProfile, readProfile, translationText } from "../machine/profile";
import { Log, type LogEntry } from "../shared/log";
import type { DriveConfig, MachineConfig } from "../shared/machine_config";
import { resolveMachine, resolveNewDrive } from "./resolve";
import type { DeviceReport } from "../shared/device_report";
import type { QmpFault } from "../shared/qmp";
import { err, ok, type Result } from "../shared/result";
import { guestClock, sharedNow } from "./clock";
import { NetFacade } from "./net_facade";
import type {
  ConsoleName,
  DevicesCalls,
  DevicesEvent,
  MachinePlace,
  Sample,
  Screenshot,
  StartedState,
} from "./protocol";
import { servePort } from "./port_link";
import { takeSample } from "./sample";

export interface FacadeHost {
  /** Names the tab. */
  readonly page: string;
  /** Compiles the wasm module. */
  readonly compile: () => Promise<WebAssembly.Module>;
  readonly event: (event: DevicesEvent) => void;
  /** The machine's wake loop has ended with an error. */
  readonly failed: (error: unknown) => void;
}

export class DevicesFacade implements DevicesCalls {
  readonly net = new NetFacade(() => this.#made());
  readonly #host: FacadeHost;
  readonly #display = new CanvasDisplay();
  #model: MachineModel | undefined;
  #place: MachinePlace | undefined;
  /** What addresses of drives are relative to. */
  #baseUrl = "";

  constructor(host: FacadeHost) {
    this.#host = host;
  }

  async create(config: MachineConfig, baseUrl: string): Promise<Result<MachinePlace, ConfigIssue>> {
    if (this.#model !== undefined) throw new Error("there is a machine already");
    this.#baseUrl = baseUrl;
    const [module, resolved] = await Promise.all([this.#host.compile(), resolveMachine(config, baseUrl)]);
    if (!resolved.ok) return resolved;
    const epoch = performance.timeOrigin;
    const made = await MachineModel.create(resolved.value, {
      module,
      threads: "workers",
      now: guestClock(epoch).now, // the epoch is this worker's own
      log: new Log("machine", (entry) => this.#log(entry)),
      event: (event) => this.#host.event(toPage(event)),
      resolveDrive: (drive) => resolveNewDrive(drive, baseUrl),
      page: { id: this.#host.page, origin: new URL(baseUrl).origin },
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

  eject(device: string, force: boolean): Promise<Result<void, MediumError>> {
    return Promise.resolve(this.#made().eject(device, force));
  }

  async changeMedium(
    device: string,
    drive: DriveConfig,
    force: boolean,
  ): Promise<Result<void, ConfigIssue | MediumError>> {
    const resolved = resolveNewDrive({ ...drive, media: "cdrom" }, this.#baseUrl);
    return resolved.ok ? this.#made().changeMedium(device, resolved.value, force) : resolved;
  }

  async addScsiDevice(device: ScsiDeviceConfig, drive: DriveConfig | undefined): Promise<Result<void, ConfigIssue>> {
    const issue = checkDevice(device);
    if (issue !== undefined) return err(issue);
    const resolved = drive && resolveNewDrive(drive, this.#baseUrl, device.drive ?? device.id);
    if (resolved?.ok === false) return resolved;
    if (resolved === undefined && device.driver === "scsi-hd")
      return err(configIssue("device scsi-hd", "needs a drive"));
    return this.#made().addScsiDevice(device, resolved?.value);
  }

  removeScsiDevice(device: string): Promise<Result<void, MediumError>> {
    return Promise.resolve(this.#made().removeScsiDevice(device));
  }

  resizeConsole(columns: number, rows: number, console: ConsoleName): Promise<void> {
    this.#made().resizeConsole(columns, rows, console);
    return Promise.resolve();
  }

  input(console: ConsoleName, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#made().input(console, bytes);
  }

  sendInput(events: readonly InputEvent[]): Promise<void> {
    this.#made().sendInput(events);
    return Promise.resolve();
  }

  sendKeys(keys: readonly KeyNumber[], holdMs: number): Promise<void> {
    return this.#made().sendKeys(keys, holdMs);
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

  devices(): Promise<DeviceReport[]> {
    return Promise.resolve(this.#made().devices());
  }

  qmp(command: string, args: unknown): Promise<Result<unknown, QmpFault>> {
    return this.#made().qmp.execute(command, args);
  }

  openPort(name: string, link: MessagePort): Promise<Result<void, string>> {
    const port = this.#made().port(name);
    const answer = port === undefined ? `there is no port ${name}` : `port ${name} is open already`;
    const opened = port !== undefined && servePort(port, link);
    return Promise.resolve(opened ? ok(undefined) : err(answer));
  }

  profile(): Promise<readonly CpuProfile[]> {
    const { data } = this.#made().parts.guest;
    return Promise.resolve((this.#place?.cpus ?? []).map((cpu) => readProfile(data, cpu)));
  }

  translation(cpu: number, slot: number): Promise<string | undefined> {
    const model = this.#made();
    const { guest, exports } = model.parts;
    const base = this.#place?.cpus[cpu];
    if (base === undefined) return Promise.resolve(undefined);
    return model.whileStanding(() => translationText(guest.data, exports, base, slot));
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
