// The only place where devices are constructed: from the configuration to a populated PCI bus.

import * as DebugExit from "../../assembly/layout/debug_exit";
import * as Machine from "../../assembly/layout/machine";
import { PAGE_SIZE } from "../../assembly/layout/memory_map";
import type { ConsoleInput } from "../backends/console/console_input";
import type { Display } from "../backends/display/types";
import { cryptoRandom } from "../backends/random/crypto";
import type { Crossing } from "../core/crossing";
import { DeviceMemory } from "../core/device_memory";
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
import { type QxlOptions } from "../devices/qxl/config";
import { QxlPciDevice, qxlMemoryBytes, type QxlPlugError } from "../devices/qxl/pci";
import { Vga, VGA_MEMORY_BYTES } from "../devices/vga/device";
import { VirtioBlk } from "../devices/virtio/blk/device";
import type { VirtioDevice } from "../devices/virtio/device";
import { VirtioPciDevice, type PlugError, type VirtioPlatform } from "../devices/virtio/pci";
import { VirtioRng } from "../devices/virtio/rng/device";
import { VirtioSerial } from "../devices/virtio/serial/device";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import type { DeviceConfig, QxlConfig, VirtioPciOptions, VirtioSerialConfig } from "../shared/device_options";
import type { Log } from "../shared/log";
import type { ResolvedConfig } from "../shared/resolve_config";
import type { OpenDrive } from "./drives";

/** The guest page at 4 GiB. */
const HIGH_RAM_PAGE = 0x100000;

/** What the machine offers to its devices. */
export interface DeviceGround {
  readonly guest: GuestMemory;
  readonly plan: MemoryPlan;
  readonly exports: WasmExports;
  readonly crossing: Crossing;
  readonly ports: Router;
  readonly mmio: Router;
  readonly interrupts: InterruptSink;
  readonly display: Display;
  readonly log: Log;
}

/** The host's end of the guest's console on virtio-serial. */
export interface ConsoleEnd {
  readonly input: ConsoleInput;
  readonly output: (bytes: Uint8Array<ArrayBuffer>) => void;
}

export class DeviceSet {
  readonly bus: PciBus;
  readonly disks: { readonly device: VirtioBlk; readonly open: OpenDrive }[] = [];
  serial: VirtioSerial | undefined;
  qxl: QxlPciDevice | undefined;
  #vga: Vga | undefined;
  readonly #chipset: Chipset;
  readonly #fwCfg: FwCfg;
  readonly #ground: DeviceGround;
  readonly #platform: VirtioPlatform;
  readonly #plugged: VirtioPciDevice[] = [];

  constructor(ground: DeviceGround) {
    const { guest, exports, crossing, interrupts, log } = ground;
    this.#ground = ground;
    this.bus = new PciBus(ground.ports, ground.mmio, interrupts);
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
    return undefined;
  }

  /** All devices to power-on state, with addresses as firmware would assign them. */
  reset(): void {
    for (const device of this.#plugged) device.powerOn();
    this.#vga?.reset();
    this.qxl?.powerOn();
    this.#chipset.reset();
    this.#fwCfg.reset();
    this.bus.assignResources();
  }

  /** Nothing happens by itself afterwards. */
  close(): void {
    this.#vga?.show(false);
  }

  /** Kicks, interrupts and failures of every device's transport, summed. */
  counters(): Record<string, number> {
    const sums = { "virtqueue kicks": 0, "virtio interrupts": 0, "virtio failures": 0 };
    for (const { transport } of this.#plugged) {
      sums["virtqueue kicks"] += transport.counters.kicks;
      sums["virtio interrupts"] += transport.counters.interrupts;
      sums["virtio failures"] += transport.counters.failures;
    }
    return { ...sums, ...this.#displayCounters() };
  }

  #displayCounters(): Record<string, number> {
    if (this.qxl === undefined) return {};
    const { drawn, ...counters } = this.qxl.device.counters;
    const named = [...Object.entries(counters), ...Object.entries(drawn)];
    return Object.fromEntries(named.map(([name, value]) => [`qxl ${name}`, value]));
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
      case "virtio-rng-pci":
        return this.#plug(new VirtioRng(cryptoRandom), device);
      case "qxl-vga":
      case "qxl":
        return this.#addQxl(device);
      case "virtconsole":
        // A port of virtio-serial.
        return undefined;
      case "isa-debug-exit":
        // A chip of assembly/platform: configureChips.
        return undefined;
    }
  }

  #addQxl(device: QxlConfig): ConfigIssue | undefined {
    const { bus, crossing, guest, windows, log } = this.#platform;
    const { exports, plan, display } = this.#ground;
    const memory = new DeviceMemory(guest, plan);
    const platform = { bus, crossing, guest, exports, memory, windows, log };
    const slot = device.addr === undefined ? {} : { slot: device.addr };
    const plugged = QxlPciDevice.plug(platform, display, { ...qxlOptions(device), ...slot });
    if (!plugged.ok) return configIssue(`device ${device.driver}`, plugReason(plugged.error, device));
    this.qxl = plugged.value;
    return device.driver === "qxl-vga" ? this.#addVga(memory, plugged.value) : undefined;
  }

  /** What is shown until the display's driver takes over. */
  #addVga(memory: DeviceMemory, { device, scanout }: QxlPciDevice): ConfigIssue | undefined {
    const { guest, ports, mmio } = this.#ground;
    const vga = Vga.attach({ guest, memory, ports, mmio }, scanout);
    if (vga === undefined) return configIssue("device qxl-vga", "the machine has no memory left for devices");
    device.onMode = (mode) => vga.show(mode === "vga");
    this.#vga = vga;
    return undefined;
  }

  #addDisk(open: OpenDrive, options: VirtioPciOptions, serial = open.drive.serial): ConfigIssue | undefined {
    const device = new VirtioBlk(open.disk, { serial });
    this.disks.push({ device, open });
    return this.#plug(device, options);
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

function qxlOptions(device: QxlConfig): QxlOptions {
  return {
    primary: device.driver === "qxl-vga",
    ...(device.ram_size_mb === undefined ? {} : { ramMiB: device.ram_size_mb }),
    ...(device.vram_size_mb === undefined ? {} : { vramMiB: device.vram_size_mb }),
    ...(device.vram64_size_mb === undefined ? {} : { vram64MiB: device.vram64_size_mb }),
    ...(device.vgamem_mb === undefined ? {} : { vgamemMiB: device.vgamem_mb }),
    ...(device.xres === undefined ? {} : { xres: device.xres }),
    ...(device.yres === undefined ? {} : { yres: device.yres }),
  };
}

/** What the devices need beside the guest's RAM. */
export function deviceMemoryBytes(config: ResolvedConfig): number {
  return config.devices.reduce((sum, device) => {
    if (device.driver !== "qxl-vga" && device.driver !== "qxl") return sum;
    return sum + qxlMemoryBytes(qxlOptions(device)) + (device.driver === "qxl-vga" ? VGA_MEMORY_BYTES : 0);
  }, 0);
}

function ramBytes(plan: MemoryPlan): number {
  return (plan.lowRamEnd + plan.highRamEnd - HIGH_RAM_PAGE) * PAGE_SIZE;
}

function interfacesOf(options: VirtioPciOptions): "both" | "modern" | "legacy" {
  if (options["disable-legacy"] === true) return "modern";
  return options["disable-modern"] === true ? "legacy" : "both";
}

function plugReason(error: PlugError | QxlPlugError, options: { readonly addr?: number }): string {
  switch (error) {
    case "slot-taken":
      return `slot 0x${(options.addr ?? 0).toString(16)} is taken`;
    case "no-slot":
      return "there is no free slot on the PCI bus";
    case "no-queues":
      return "the machine has no virtqueues left";
    case "no-memory":
      return "the machine has no memory left for devices";
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
