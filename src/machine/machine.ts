// The machine model: knows all parts, and leads the machine through its life. Runs in the devices worker, with the CPUs in
// workers of their own, or with everything in one thread (single_thread.ts).

import * as Cpu from "../../assembly/layout/cpu";
import * as Mailbox from "../../assembly/layout/mailbox";
import * as Platform from "../../assembly/layout/platform";
import { encodePng } from "../backends/display/png";
import type { NamedPort } from "../backends/console/named_port";
import { cryptoRandom } from "../backends/random/crypto";
import { randomWords } from "../backends/random/words";
import { type Crossing, serveExitHere } from "../core/crossing";
import { GuestMemory } from "../core/guest_memory";
import { instantiate } from "../core/wasm";
import type { QxlPciDevice } from "../devices/qxl/pci";
import type { Snapshot } from "../devices/qxl/scanout";
import type { BalloonStats } from "../devices/virtio/balloon/request";
import type { DeviceReport } from "../shared/device_report";
import type { ConfigIssue } from "../shared/config_issue";
import type { InputEvent } from "../shared/input_event";
import type { KeyNumber } from "../shared/keys";
import type { RunState } from "../shared/qmp";
import type { ResolvedConfig, ResolvedDrive } from "../shared/resolve_config";
import { err, ok, type Result } from "../shared/result";
import type { BootPlan } from "./boot/boot_plan";
import { firmware } from "./boot/firmware";
import { placeBytes, placeRegisters } from "./boot/place";
import { placeCpuModel } from "./cpu_model";
import { reportDevice } from "./device_report";
import { configureChips, deviceMemoryBytes } from "./device_words";
import { openDrive, openDrives, type OpenDrive } from "./drives";
import { codeAround } from "./guest_code";
import { loadBootFiles, makeBootPlan, type BootFiles } from "./load_boot_files";
import { driveListeners, type ConsoleName, type MachineState, type MachineHost } from "./machine_host";
import { makeParts, type BaseParts, type MachineParts } from "./machine_parts";
import { makeMemory } from "./memory";
import { registerBlock } from "./qmp/block";
import { registerDevices } from "./qmp/devices";
import { registerInput } from "./qmp/input";
import { registerNetAndDisplay } from "./qmp/net_display";
import { registerRunState } from "./qmp/run_state";
import { QmpServer } from "./qmp/server";
import { newTargets, type QmpTargets } from "./qmp/targets";
import type { MediumError, ScsiDeviceConfig } from "./scsi";
import { SerialPorts } from "./serial_ports";

/** Cpu.JIT_ of the configuration's words. */
const jitCodes = { off: Cpu.JIT_OFF, on: Cpu.JIT_ON, force: Cpu.JIT_FORCE, check: Cpu.JIT_CHECK } as const;

/** The guest is asked for its memory statistics at most so often, and only while somebody looks at the machine's. */
const GUEST_STATS_MS = 2000;

/** What a screendump shows before there is a picture. */
const NO_PICTURE: Snapshot = { width: 1, height: 1, pixels: new Uint8ClampedArray([0, 0, 0, 255]) };

/** The machine's states as QMP calls them. */
const runStates = { created: "prelaunch", running: "running", paused: "paused", stopped: "shutdown" } as const;

export interface ModelCounters {
  readonly diskRead: number;
  readonly diskWritten: number;
  /** Bytes that came over the network for disks. */
  readonly diskFetched: number;
  readonly consoleIn: number;
  readonly consoleOut: number;
  /** Bytes in the balloon; undefined without one. */
  readonly balloonBytes: number | undefined;
  /** What the guest has said last of its memory; empty where it says nothing. */
  readonly guestMemory: Readonly<BalloonStats>;
  readonly counters: Readonly<Record<string, number>>;
}

export class MachineModel {
  readonly config: ResolvedConfig;
  readonly parts: MachineParts;
  readonly #host: MachineHost;
  #state: MachineState = "created";
  /** What the machine boots from. */
  readonly #files: Promise<Result<BootFiles, ConfigIssue>>;
  #boot: BootPlan | undefined;
  #statsAsked = -Infinity;
  /** The guest has asked for a reset or for power-off. */
  #ending = false;
  readonly #serialPorts: SerialPorts;
  /** What commands act on beside the machine itself. */
  readonly targets: QmpTargets = newTargets();
  readonly qmp: QmpServer;
  /** Pause, resume, reset and what the guest asks for happen one after the other. */
  #turn: Promise<void> = Promise.resolve();

  /** Makes memory, chips and devices, while kernel and initrd are on their way. Nothing runs yet. */
  static async create(config: ResolvedConfig, host: MachineHost): Promise<Result<MachineModel, ConfigIssue>> {
    const progress = (what: string, loaded: number, total: number | undefined): void =>
      host.event({ type: "progress", what, loaded, total });
    const files = loadBootFiles(config, progress, host.loadFile);
    const drives = await openDrives(config.drives, driveListeners(host));
    if (!drives.ok) return drives;
    const made = makeMemory(config.memory, config.cpus, deviceMemoryBytes(config));
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
    const model = new MachineModel(config, host, { memory, plan, guest, exports }, drives.value, files);
    late.crossing = model.parts.crossing;
    const issue = model.#powerOn();
    return issue === undefined ? ok(model) : err(issue);
  }

  private constructor(
    config: ResolvedConfig,
    host: MachineHost,
    base: BaseParts,
    drives: readonly OpenDrive[],
    files: Promise<Result<BootFiles, ConfigIssue>>,
  ) {
    this.#files = files;
    this.config = config;
    this.#host = host;
    this.qmp = new QmpServer((event) => host.event({ type: "qmp", event }));
    this.#serialPorts = new SerialPorts({
      output: (console, bytes) => host.event({ type: "output", console, bytes }),
      consolesChanged: (names) => host.event({ type: "consoles", names }),
      guestOpened: (id, open) => this.qmp.event("VSERPORT_CHANGE", { id, open }),
    });
    this.parts = makeParts(config, host, base, {
      drives,
      qmp: this.qmp,
      targets: this.targets,
      serialPorts: this.#serialPorts,
      onGuestEvent: (event, value) => this.#onGuestEvent(event, value),
    });
    registerRunState(this.qmp, this);
    registerDevices(this.qmp, this.parts.devices);
    registerBlock(this.qmp, this.targets);
    registerNetAndDisplay(this.qmp, this.targets);
    registerInput(this.qmp, (keys, holdMs) => this.sendKeys(keys, holdMs));
  }

  #powerOn(): ConfigIssue | undefined {
    const { guest, exports, plan, devices } = this.parts;
    configureChips(this.config, guest);
    exports.machineInit(plan.machine);
    const refused = this.#chooseModel();
    if (refused !== undefined) return refused;
    for (let i = 0; i < plan.cpuCount; i++)
      exports.cpuSetTranslator(plan.cpus + i * Cpu.SIZE, jitCodes[this.config.jit]);
    // Guest time begins when the guest does, however long loading takes.
    exports.clockPause(plan.machine);
    const issue = devices.populate();
    if (issue !== undefined) return issue;
    if (devices.qxl !== undefined) this.#showScreen(devices.qxl);
    devices.reset();
    return undefined;
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

  /** Waits for what the guest boots from and lets the CPUs run, unless the machine shall start paused. */
  async boot(): Promise<Result<void, ConfigIssue>> {
    const { config } = this;
    const files = await this.#files;
    if (!files.ok) return files;
    const plan = await makeBootPlan(config, this.parts.acpi.rsdp, files.value);
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
      this.parts.networks.setPaused(true);
      this.#state = "paused";
      this.qmp.event("STOP", {});
    });
  }

  resume(): Promise<void> {
    return this.#next(async () => {
      if (this.#state !== "paused") return;
      this.#state = "running";
      this.parts.exports.clockResume(this.parts.plan.machine);
      this.parts.networks.setPaused(false);
      this.parts.cpus.go();
      this.qmp.event("RESUME", {});
    });
  }

  /** Looks at what only a CPU that stands still shows. The guest's time goes on: it was just not given the processor. */
  whileStanding<T>(look: () => T): Promise<T> {
    return this.#next(async () => {
      if (this.#state === "running") await this.parts.cpus.stop();
      const seen = look();
      if (this.#state === "running" && !this.#ending) this.parts.cpus.go();
      return seen;
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

  /** Wakes a guest that has suspended itself; false: it has not. */
  wakeUp(): boolean {
    const woken = this.parts.exports.wakeUp(this.parts.plan.machine) !== 0;
    if (woken) this.parts.cpus.kick(0);
    return woken;
  }

  /** A CPU shut down after a triple fault: a PC's chip set resets it. For hosts whose CPUs have no mailbox for it. */
  tripleFault(): void {
    this.#onGuestEvent(Mailbox.EVENT_RESET, Platform.RESET_TRIPLE_FAULT);
  }

  /** Typed bytes for a console; resolves when there is room for more. */
  input(console: ConsoleName, bytes: Uint8Array): Promise<void> {
    return console === "ttyS0" ? this.parts.serial.input(bytes) : this.#serialPorts.input(console, bytes);
  }

  /** What a person did at the same moment with keyboard and pointer. */
  sendInput(events: readonly InputEvent[]): void {
    if (this.#state === "running") this.parts.input.send(events);
  }

  /** Presses keys together; they go up again after `holdMs`. */
  async sendKeys(keys: readonly KeyNumber[], holdMs: number): Promise<void> {
    const press = (key: KeyNumber, down: boolean): void => this.sendInput([{ type: "key", key, down }]);
    for (const key of keys) press(key, true);
    await new Promise<void>((done) => setTimeout(done, holdMs));
    for (const key of [...keys].reverse()) press(key, false);
  }

  /** The size of the terminal on a virtio console. */
  resizeConsole(columns: number, rows: number, console: ConsoleName = "hvc0"): void {
    this.#serialPorts.resize(console, columns, rows);
  }

  /** The host's end of a virtserialport. */
  port(name: string): NamedPort | undefined {
    return this.#serialPorts.named.get(name);
  }

  /** The devices that there are now, as a person may want to see them. */
  devices(): DeviceReport[] {
    return this.parts.devices.present.map(reportDevice);
  }

  #showScreen({ scanout }: QxlPciDevice): void {
    scanout.onSize = (size) => this.#host.event({ type: "display", ...size });
    this.targets.screens.set("video0", () => encodePng(scanout.snapshot() ?? NO_PICTURE));
  }

  /** The guest's screen as it is now; undefined if there is no picture. */
  screendump(): Snapshot | undefined {
    return this.parts.devices.qxl?.scanout.snapshot();
  }

  /** The size of the window in which a person sees the screen: a wish, to which the guest may follow. */
  resizeDisplay(width: number, height: number): void {
    this.parts.devices.qxl?.device.suggestSize({ width, height });
  }

  /** QEMU's set_link: plugs the cable of a card in or out, by the id of its back end or its own. False: there is none. */
  setLink(id: string, up: boolean): boolean {
    const card = this.targets.cards.get(id);
    card?.setLink(up);
    return card !== undefined;
  }

  /** The state in QMP's words. */
  get runState(): RunState {
    return runStates[this.#state];
  }

  /** Takes the medium out of a CD-ROM drive. */
  eject(device: string, force: boolean): Result<void, MediumError> {
    return this.parts.devices.scsi.eject(device, force);
  }

  /** Ejects what is in a CD-ROM drive and lays in another medium. */
  async changeMedium(
    device: string,
    drive: ResolvedDrive,
    force: boolean,
  ): Promise<Result<void, ConfigIssue | MediumError>> {
    const { scsi } = this.parts.devices;
    const found = scsi.mediumOf(device);
    if (!found.ok) return found;
    const open = await openDrive(drive, driveListeners(this.#host));
    return open.ok ? scsi.changeMedium(device, open.value, force) : open;
  }

  /** Adds a disk or a CD-ROM drive behind a SCSI controller; the guest's driver hears of it. */
  async addScsiDevice(device: ScsiDeviceConfig, drive: ResolvedDrive | undefined): Promise<Result<void, ConfigIssue>> {
    const open = drive === undefined ? undefined : await openDrive(drive, driveListeners(this.#host));
    if (open?.ok === false) return open;
    const issue = this.parts.devices.addScsi(device, open?.value);
    if (issue === undefined) return ok(undefined);
    open?.value.disk.close();
    return err(issue);
  }

  removeScsiDevice(device: string): Result<void, MediumError> {
    return this.parts.devices.unplugScsi(device) ? ok(undefined) : err("no-device");
  }

  /** Nothing runs afterwards; the memory goes when nobody refers to it any more. */
  destroy(): void {
    this.#state = "stopped";
    this.parts.cpus.end();
    this.parts.crossing.stop();
    this.parts.devices.close();
    this.parts.devices.closeDisks();
    this.parts.networks.close();
    this.#serialPorts.close();
  }

  /** What the model counts, summed over all devices. */
  counters(): ModelCounters {
    const { serial, devices, networks } = this.parts;
    const console = devices.serial?.counters;
    const { disks } = devices;
    const sum = (value: (disk: (typeof disks)[number]) => number) =>
      disks.reduce((total, disk) => total + value(disk), 0);
    return {
      diskRead: sum(({ counters }) => counters.readBytes),
      diskWritten: sum(({ counters }) => counters.writtenBytes),
      diskFetched: sum(({ open }) => open?.fetched() ?? 0),
      consoleIn: serial.received + (console?.bytesIn ?? 0),
      consoleOut: serial.sent + (console?.bytesOut ?? 0),
      ...this.#balloonCounters(),
      counters: {
        ...devices.counters(),
        ...networks.counters(),
        "disk errors": sum(({ counters }) => counters.errors),
      },
    };
  }

  #balloonCounters(): Pick<ModelCounters, "balloonBytes" | "guestMemory"> {
    const { balloon } = this.parts.devices;
    const now = this.#host.now();
    if (now - this.#statsAsked > GUEST_STATS_MS) {
      this.#statsAsked = now;
      balloon?.refreshStats();
    }
    return { balloonBytes: balloon?.size, guestMemory: balloon?.stats ?? {} };
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
    if (event === Mailbox.EVENT_RESET && value === Platform.RESET_TRIPLE_FAULT) this.#noteTripleFault();
    const code = event === Mailbox.EVENT_SHUTDOWN ? Math.max(0, value - 1) : 0;
    const restarts = event === Mailbox.EVENT_RESET && !this.config.noReboot;
    const why = event === Mailbox.EVENT_RESET ? "guest-reset" : "guest-shutdown";
    void this.#next(() => (restarts ? this.#restart("guest") : this.#shutDown(code, why)));
  }

  /** Where the CPU was that shut down. */
  #noteTripleFault(): void {
    const view = this.parts.guest.data;
    for (let i = 0; i < this.parts.plan.cpuCount; i++) {
      const cpu = this.#cpu(i);
      if (view.getUint32(cpu + Cpu.runState, true) !== Cpu.RUN_SHUTDOWN) continue;
      const rip = view.getBigUint64(cpu + Cpu.rip, true).toString(16);
      const lines = [`CPU ${i}: triple fault at ${rip}`, ...codeAround(view, cpu)];
      this.#host.log.guest("triple fault", lines.join("\n"));
    }
  }

  async #shutDown(code: number, reason: string): Promise<void> {
    if (this.#state === "stopped") return;
    await this.parts.cpus.stop();
    // What the guest wrote last is still on its way.
    this.parts.crossing.poll();
    this.#state = "stopped";
    this.parts.networks.unplug();
    this.qmp.event("SHUTDOWN", { guest: true, reason });
    this.#host.event({ type: "shutdown", code });
  }

  async #restart(reason: "requested" | "guest"): Promise<void> {
    if (this.#boot === undefined) return;
    const before = this.#state;
    // What the guest asked for while a pause was on its way happens, and the machine stays paused.
    const stays = reason === "guest" && this.#state === "paused";
    await this.parts.cpus.stop();
    this.parts.crossing.poll();
    const { exports, plan, devices } = this.parts;
    devices.reset();
    this.parts.input.reset();
    exports.machineReset(plan.machine);
    this.#ending = false;
    const issue = this.#enter("used");
    // The same bytes fitted before.
    if (issue !== undefined) throw new Error(issue.reason);
    this.qmp.event("RESET", {
      guest: reason === "guest",
      reason: reason === "guest" ? "guest-reset" : "host-qmp-system-reset",
    });
    this.#host.event({ type: "reset", reason });
    if (stays) return;
    this.#state = "running";
    exports.clockResume(plan.machine);
    this.parts.networks.setPaused(false);
    this.parts.cpus.go();
    if (before !== "running") this.qmp.event("RESUME", {});
  }

  /** Firmware tables and kernel into memory, CPU 0 to its entry. */
  #enter(memory: "fresh" | "used"): ConfigIssue | undefined {
    const { guest, acpi, exports } = this.parts;
    if (this.#boot === undefined) return undefined;
    const tables: BootPlan = { ...this.#boot, load: [acpi, ...firmware(), ...this.#boot.load] };
    const issue = placeBytes(tables, guest, memory === "fresh");
    if (issue !== undefined) return issue;
    placeRegisters(this.#boot.entry, guest.data, this.#cpu(0));
    exports.cpuSync(this.#cpu(0));
    return undefined;
  }

  /** One change of state at a time. A failure is a bug of ours: it reaches the worker's entry as a rejection. */
  #next<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change);
    this.#turn = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
