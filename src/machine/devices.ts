// The only place where devices are constructed: from the configuration to a populated PCI bus.

import * as DebugExit from "../../assembly/layout/debug_exit";
import * as Machine from "../../assembly/layout/machine";
import { PAGE_SIZE } from "../../assembly/layout/memory_map";
import type { ConsoleInput } from "../backends/console/console_input";
import { cryptoRandom } from "../backends/random/crypto";
import type { Crossing } from "../core/crossing";
import type { GuestMemory } from "../core/guest_memory";
import type { MemoryPlan } from "../core/memory_plan";
import { NotifyWindows } from "../core/notify_windows";
import { VringPool } from "../core/vrings";
import type { WasmExports } from "../core/wasm";
import { FW_CFG_PORT, FW_CFG_PORTS, FwCfg } from "../devices/fw_cfg/device";
import { PciBus } from "../devices/pci/bus";
import { addChipset, type Chipset } from "../devices/pci/chipset";
import type { InterruptSink } from "../devices/pci/intx";
import type { Router } from "../devices/pci/router";
import { VirtioBlk } from "../devices/virtio/blk/device";
import type { VirtioDevice } from "../devices/virtio/device";
import type { InputKind } from "../devices/virtio/input/config";
import { VirtioInput } from "../devices/virtio/input/device";
import { VirtioPciDevice, type PlugError, type VirtioPlatform } from "../devices/virtio/pci";
import { VirtioRng } from "../devices/virtio/rng/device";
import { VirtioSerial } from "../devices/virtio/serial/device";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import type {
  DeviceConfig,
  VirtioInputConfig,
  VirtioPciOptions,
  VirtioScsiConfig,
  VirtioSerialConfig,
} from "../shared/device_options";
import type { Log } from "../shared/log";
import { type ResolvedConfig, scsiBusNames } from "../shared/resolve_config";
import type { OpenDrive } from "./drives";
import { type ScsiDeviceConfig, ScsiSet } from "./scsi";
import type { InputRouter } from "./input_router";

/** The guest page at 4 GiB. */
const HIGH_RAM_PAGE = 0x100000;

const inputKinds: Readonly<Record<VirtioInputConfig["driver"], InputKind>> = {
  "virtio-keyboard-pci": "keyboard",
  "virtio-mouse-pci": "mouse",
  "virtio-tablet-pci": "tablet",
};

/** What the machine offers to its devices. */
export interface DeviceGround {
  readonly guest: GuestMemory;
  readonly plan: MemoryPlan;
  readonly exports: WasmExports;
  readonly crossing: Crossing;
  readonly ports: Router;
  readonly mmio: Router;
  readonly interrupts: InterruptSink;
  readonly input: InputRouter;
  readonly log: Log;
  /** The tray of a CD-ROM drive opened or closed. */
  readonly trayMoved: (device: string, open: boolean) => void;
}

/** A disk as statistics see it. */
interface DiskInUse {
  readonly counters: { readonly readBytes: number; readonly writtenBytes: number; readonly errors: number };
  readonly open: OpenDrive | undefined;
}

/** The host's end of the guest's console on virtio-serial. */
export interface ConsoleEnd {
  readonly input: ConsoleInput;
  readonly output: (bytes: Uint8Array<ArrayBuffer>) => void;
}

export class DeviceSet {
  readonly bus: PciBus;
  readonly scsi: ScsiSet;
  serial: VirtioSerial | undefined;
  readonly #chipset: Chipset;
  readonly #fwCfg: FwCfg;
  readonly #platform: VirtioPlatform;
  readonly #input: InputRouter;
  readonly #plugged: VirtioPciDevice[] = [];
  readonly #blockDisks: DiskInUse[] = [];

  constructor(ground: DeviceGround) {
    const { guest, exports, crossing, interrupts, log } = ground;
    this.#input = ground.input;
    this.bus = new PciBus(ground.ports, ground.mmio, interrupts);
    this.scsi = new ScsiSet(ground.trayMoved);
    this.#chipset = addChipset(this.bus);
    this.#fwCfg = new FwCfg({ cpus: ground.plan.cpuCount, ramBytes: ramBytes(ground.plan) });
    ground.ports.add(FW_CFG_PORT, FW_CFG_PORTS, this.#fwCfg);
    this.#platform = {
      bus: this.bus,
      crossing,
      guest,
      vring: exports,
      vrings: new VringPool(ground.plan.vrings),
      windows: new NotifyWindows(guest),
      interrupts,
      log,
    };
  }

  /** Puts the configured devices on the bus. Those that want a certain slot come first. */
  populate(config: ResolvedConfig, drives: readonly OpenDrive[], console: ConsoleEnd): ConfigIssue | undefined {
    const placed = config.devices.filter((device) => "addr" in device && device.addr !== undefined);
    const others = config.devices.filter((device) => !placed.includes(device));
    for (const device of placed) {
      const issue = this.#add(device, config, drives, console);
      if (issue !== undefined) return issue;
    }
    for (const open of drives) {
      if (open.drive.if !== "virtio") continue;
      const issue = this.#addDisk(open, {});
      if (issue !== undefined) return issue;
    }
    for (const device of others) {
      const issue = this.#add(device, config, drives, console);
      if (issue !== undefined) return issue;
    }
    return this.#addScsiDevices(config, drives);
  }

  /** All disks that devices use. */
  get disks(): DiskInUse[] {
    return [...this.#blockDisks, ...this.scsi.disks()];
  }

  /** All devices to power-on state, with addresses as firmware would assign them. */
  reset(): void {
    for (const device of this.#plugged) device.powerOn();
    this.#chipset.reset();
    this.#fwCfg.reset();
    this.bus.assignResources();
  }

  /** Kicks, interrupts and failures of every device's transport, summed. */
  counters(): Record<string, number> {
    const sums = { "virtqueue kicks": 0, "virtio interrupts": 0, "virtio failures": 0 };
    for (const { transport } of this.#plugged) {
      sums["virtqueue kicks"] += transport.counters.kicks;
      sums["virtio interrupts"] += transport.counters.interrupts;
      sums["virtio failures"] += transport.counters.failures;
    }
    return sums;
  }

  #add(
    device: DeviceConfig,
    config: ResolvedConfig,
    drives: readonly OpenDrive[],
    console: ConsoleEnd,
  ): ConfigIssue | undefined {
    switch (device.driver) {
      case "virtio-serial-pci":
        return this.#addSerial(device, config, console);
      case "virtio-blk-pci": {
        const open = drives.find(({ drive }) => drive.id === device.drive);
        if (open === undefined) return configIssue("device virtio-blk-pci: drive", `there is no "${device.drive}"`);
        return this.#addDisk(open, device, device.serial);
      }
      case "virtio-scsi-pci":
        return this.#addController(
          device,
          scsiBusNames(config.devices)[this.#controllers(config).indexOf(device)] ?? "",
        );
      case "scsi-hd":
      case "scsi-cd":
        // Behind a controller: when all of those are there.
        return undefined;
      case "virtio-rng-pci":
        return this.#plug(new VirtioRng(cryptoRandom), device);
      case "virtio-keyboard-pci":
      case "virtio-mouse-pci":
      case "virtio-tablet-pci":
        return this.#addInput(device);
      case "virtconsole":
        // A port of virtio-serial.
        return undefined;
      case "isa-debug-exit":
        // A chip of assembly/platform: configureChips.
        return undefined;
    }
  }

  #addDisk(open: OpenDrive, options: VirtioPciOptions, serial = open.drive.serial): ConfigIssue | undefined {
    const device = new VirtioBlk(open.disk, { serial });
    this.#blockDisks.push({ counters: device.counters, open });
    return this.#plug(device, options);
  }

  #controllers(config: ResolvedConfig): DeviceConfig[] {
    return config.devices.filter((device) => device.driver === "virtio-scsi-pci");
  }

  #addController(options: Omit<VirtioScsiConfig, "driver">, name: string): ConfigIssue | undefined {
    const { num_queues: queues } = options;
    return this.#plug(this.scsi.addController(name, queues === undefined ? {} : { queues }), options);
  }

  /** Those with an address first; drives with if=scsi have a controller made for them if there is none. */
  #addScsiDevices(config: ResolvedConfig, drives: readonly OpenDrive[]): ConfigIssue | undefined {
    this.scsi.defaultBus = scsiBusNames(config.devices)[0] ?? this.scsi.defaultBus;
    const direct = drives.filter(({ drive }) => drive.if === "scsi");
    if (direct.length > 0 && !this.scsi.hasController) {
      const issue = this.#addController({}, this.scsi.defaultBus);
      if (issue !== undefined) return issue;
    }
    const devices = config.devices.filter((device) => device.driver === "scsi-hd" || device.driver === "scsi-cd");
    const add = (device: ScsiDeviceConfig): ConfigIssue | undefined => {
      return this.scsi.add(
        device,
        drives.find(({ drive }) => drive.id === device.drive),
      );
    };
    const steps = [
      ...devices.filter((device) => device["scsi-id"] !== undefined).map((device) => () => add(device)),
      ...direct.map((open) => () => this.scsi.addDrive(open)),
      ...devices.filter((device) => device["scsi-id"] === undefined).map((device) => () => add(device)),
    ];
    for (const step of steps) {
      const issue = step();
      if (issue !== undefined) return issue;
    }
    return undefined;
  }

  #addSerial(device: VirtioSerialConfig, config: ResolvedConfig, console: ConsoleEnd): ConfigIssue | undefined {
    const serial = new VirtioSerial(device.max_ports);
    this.serial = serial;
    for (const port of config.devices) {
      if (port.driver !== "virtconsole") continue;
      const name = port.name === undefined ? {} : { name: port.name };
      serial.addPort(console, { ...name, console: true });
    }
    return this.#plug(serial, device);
  }

  #addInput(config: VirtioInputConfig): ConfigIssue | undefined {
    const { serial } = config;
    const device = new VirtioInput(inputKinds[config.driver], serial === undefined ? {} : { serial });
    this.#input.add(device);
    return this.#plug(device, config);
  }

  #plug(device: VirtioDevice, options: VirtioPciOptions): ConfigIssue | undefined {
    const plugged = VirtioPciDevice.plug(device, this.#platform, {
      ...(options.addr === undefined ? {} : { slot: options.addr }),
      interfaces: interfacesOf(options),
    });
    if (!plugged.ok) return configIssue(`device ${device.name}`, plugReason(plugged.error, options));
    this.#plugged.push(plugged.value);
    return undefined;
  }
}

function ramBytes(plan: MemoryPlan): number {
  return (plan.lowRamEnd + plan.highRamEnd - HIGH_RAM_PAGE) * PAGE_SIZE;
}

function interfacesOf(options: VirtioPciOptions): "both" | "modern" | "legacy" {
  if (options["disable-legacy"] === true) return "modern";
  return options["disable-modern"] === true ? "legacy" : "both";
}

function plugReason(error: PlugError, options: VirtioPciOptions): string {
  switch (error) {
    case "slot-taken":
      return `slot 0x${(options.addr ?? 0).toString(16)} is taken`;
    case "no-slot":
      return "there is no free slot on the PCI bus";
    case "no-queues":
      return "the machine has no virtqueues left";
  }
}

/** QEMU's defaults for isa-debug-exit. */
const DEBUG_EXIT_PORT = 0x501;
const DEBUG_EXIT_SIZE = 2;

/** Chips of assembly/platform that a machine has only if asked for. */
export function configureChips(config: ResolvedConfig, guest: GuestMemory): void {
  const exit = config.devices.find((device) => device.driver === "isa-debug-exit");
  if (exit === undefined) return;
  const at = guest.machine + Machine.debugExit;
  guest.data.setUint32(at + DebugExit.port, exit.iobase ?? DEBUG_EXIT_PORT, true);
  guest.data.setUint32(at + DebugExit.size, exit.iosize ?? DEBUG_EXIT_SIZE, true);
}
