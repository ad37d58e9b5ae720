// The only place where devices are constructed: from the configuration to a populated PCI bus.

import * as DebugExit from "../../assembly/layout/debug_exit";
import * as Machine from "../../assembly/layout/machine";
import type { Crossing } from "../core/crossing";
import type { GuestMemory } from "../core/guest_memory";
import type { MemoryPlan } from "../core/memory_plan";
import { NotifyWindows } from "../core/notify_windows";
import { VringPool } from "../core/vrings";
import type { WasmExports } from "../core/wasm";
import { PciBus } from "../devices/pci/bus";
import { addChipset, type Chipset } from "../devices/pci/chipset";
import type { InterruptSink } from "../devices/pci/intx";
import type { Router } from "../devices/pci/router";
import type { VirtioDevice } from "../devices/virtio/device";
import { VirtioPciDevice, type PlugError, type VirtioPlatform } from "../devices/virtio/pci";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import type { VirtioPciOptions } from "../shared/device_options";
import type { Log } from "../shared/log";
import type { ResolvedConfig } from "../shared/resolve_config";

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

export class DeviceSet {
  readonly bus: PciBus;
  readonly #chipset: Chipset;
  readonly #platform: VirtioPlatform;
  readonly #plugged: VirtioPciDevice[] = [];

  constructor(ground: DeviceGround) {
    const { guest, exports, crossing, interrupts, log } = ground;
    this.bus = new PciBus(ground.ports, ground.mmio, interrupts);
    this.#chipset = addChipset(this.bus);
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

  /** Puts a virtio device on the bus, as its `device=` option says. */
  plug(device: VirtioDevice, options: VirtioPciOptions = {}): ConfigIssue | undefined {
    const plugged = VirtioPciDevice.plug(device, this.#platform, {
      ...(options.addr === undefined ? {} : { slot: options.addr }),
      interfaces: interfacesOf(options),
    });
    if (!plugged.ok) return configIssue(`device ${device.name}`, plugReason(plugged.error, options));
    this.#plugged.push(plugged.value);
    return undefined;
  }

  /** All devices to power-on state, with addresses as firmware would assign them. */
  reset(): void {
    for (const device of this.#plugged) device.powerOn();
    this.#chipset.reset();
    this.bus.assignResources();
  }
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
