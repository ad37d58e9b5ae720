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
import { VirtioPciDevice, type PlugError, type VirtioPlatform } from "../devices/virtio/pci";
import { VirtioNet } from "../devices/virtio/net/device";
import { VirtioRng } from "../devices/virtio/rng/device";
import { VirtioSerial } from "../devices/virtio/serial/device";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import type { DeviceConfig, VirtioNetConfig, VirtioPciOptions, VirtioSerialConfig } from "../shared/device_options";
import type { Log } from "../shared/log";
import { parseMac } from "../shared/net/addresses";
import type { ResolvedConfig } from "../shared/resolve_config";
import type { OpenDrive } from "./drives";
import type { Networks, OpenNetdev } from "./networks";

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
  readonly log: Log;
}

/** The host's end of the guest's console on virtio-serial. */
export interface ConsoleEnd {
  readonly input: ConsoleInput;
  readonly output: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** What the devices stand for on the host's side. */
export interface DeviceEnds {
  readonly drives: readonly OpenDrive[];
  readonly console: ConsoleEnd;
  readonly networks: Networks;
}

export class DeviceSet {
  readonly bus: PciBus;
  readonly disks: { readonly device: VirtioBlk; readonly open: OpenDrive }[] = [];
  readonly cards: { readonly device: VirtioNet; readonly id: string | undefined; readonly netdev: OpenNetdev }[] = [];
  serial: VirtioSerial | undefined;
  readonly #chipset: Chipset;
  readonly #fwCfg: FwCfg;
  readonly #platform: VirtioPlatform;
  readonly #plugged: VirtioPciDevice[] = [];

  constructor(ground: DeviceGround) {
    const { guest, exports, crossing, interrupts, log } = ground;
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
  populate(config: ResolvedConfig, ends: DeviceEnds): ConfigIssue | undefined {
    const placed = config.devices.filter((device) => "addr" in device && device.addr !== undefined);
    const others = config.devices.filter((device) => !placed.includes(device));
    for (const device of placed) {
      const issue = this.#add(device, config, ends);
      if (issue !== undefined) return issue;
    }
    for (const open of ends.drives) {
      if (open.drive.if !== "virtio") continue;
      const issue = this.#addDisk(open, {});
      if (issue !== undefined) return issue;
    }
    for (const device of others) {
      const issue = this.#add(device, config, ends);
      if (issue !== undefined) return issue;
    }
    return undefined;
  }

  /** All devices to power-on state, with addresses as firmware would assign them. */
  reset(): void {
    for (const device of this.#plugged) device.powerOn();
    this.#chipset.reset();
    this.#fwCfg.reset();
    this.bus.assignResources();
  }

  /** Kicks, interrupts and failures of every device's transport, and what passed the network cards, summed. */
  counters(): Record<string, number> {
    const sums = {
      "virtqueue kicks": 0,
      "virtio interrupts": 0,
      "virtio failures": 0,
      "network bytes in": 0,
      "network bytes out": 0,
      "network frames dropped": 0,
    };
    for (const { transport } of this.#plugged) {
      sums["virtqueue kicks"] += transport.counters.kicks;
      sums["virtio interrupts"] += transport.counters.interrupts;
      sums["virtio failures"] += transport.counters.failures;
    }
    for (const { device } of this.cards) {
      sums["network bytes in"] += device.counters.bytesIn;
      sums["network bytes out"] += device.counters.bytesOut;
      sums["network frames dropped"] += device.counters.droppedIn + device.counters.badFrames;
    }
    return sums;
  }

  #add(device: DeviceConfig, config: ResolvedConfig, ends: DeviceEnds): ConfigIssue | undefined {
    switch (device.driver) {
      case "virtio-serial-pci":
        return this.#addSerial(device, config, ends.console);
      case "virtio-blk-pci": {
        const open = ends.drives.find(({ drive }) => drive.id === device.drive);
        if (open === undefined) return configIssue("device virtio-blk-pci: drive", `there is no "${device.drive}"`);
        return this.#addDisk(open, device, device.serial);
      }
      case "virtio-rng-pci":
        return this.#plug(new VirtioRng(cryptoRandom), device);
      case "virtio-net-pci":
        return this.#addCard(device, ends.networks);
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

  #addCard(options: VirtioNetConfig, networks: Networks): ConfigIssue | undefined {
    const netdev = networks.find(options.netdev);
    if (netdev === undefined) return configIssue("device virtio-net-pci: netdev", `there is no "${options.netdev}"`);
    const mac = options.mac === undefined ? undefined : parseMac(options.mac);
    const device = new VirtioNet(netdev.tap, {
      mac: mac ?? defaultMac(this.cards.length, netdev),
      ...(options.host_mtu === undefined ? {} : { mtu: options.host_mtu }),
    });
    this.cards.push({ device, id: options.id, netdev });
    return this.#plug(device, options);
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

/** QEMU's, counted up; on a switch, where other machines have cards too, three random bytes instead. */
function defaultMac(index: number, netdev: OpenNetdev): Uint8Array {
  const mac = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, (0x56 + index) & 0xff);
  if (netdev.socket === undefined) return mac;
  cryptoRandom.fill(mac.subarray(3));
  return mac;
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
