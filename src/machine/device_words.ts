// What the configuration's words for devices mean to those who make them, and what becomes of them besides: memory, chips,
// reasons. Used by devices.ts and when a machine is made.

import * as DebugExit from "../../assembly/layout/debug_exit";
import * as Machine from "../../assembly/layout/machine";
import { PAGE_SIZE } from "../../assembly/layout/memory_map";
import type { GuestMemory } from "../core/guest_memory";
import type { MemoryPlan } from "../core/memory_plan";
import type { QxlOptions } from "../devices/qxl/config";
import { qxlMemoryBytes, type QxlPlugError } from "../devices/qxl/pci";
import { VGA_MEMORY_BYTES } from "../devices/vga/device";
import type { InputKind } from "../devices/virtio/input/config";
import type { PlugError } from "../devices/virtio/pci";
import type { QxlConfig, VirtioInputConfig, VirtioPciOptions } from "../shared/device_options";
import type { ResolvedConfig } from "../shared/resolve_config";

/** The guest page at 4 GiB. */
const HIGH_RAM_PAGE = 0x100000;

export const inputKinds: Readonly<Record<VirtioInputConfig["driver"], InputKind>> = {
  "virtio-keyboard-pci": "keyboard",
  "virtio-mouse-pci": "mouse",
  "virtio-tablet-pci": "tablet",
};

/** Where QEMU's tree of objects has a device. */
export function pathOf(id: string | undefined): string {
  return `/machine/peripheral${id === undefined ? "-anon" : `/${id}`}`;
}

export function ramBytes(plan: MemoryPlan): number {
  return (plan.lowRamEnd + plan.highRamEnd - HIGH_RAM_PAGE) * PAGE_SIZE;
}

export function qxlOptions(device: QxlConfig): QxlOptions {
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

export function interfacesOf(options: VirtioPciOptions): "both" | "modern" | "legacy" {
  if (options["disable-legacy"] === true) return "modern";
  return options["disable-modern"] === true ? "legacy" : "both";
}

export function plugReason(error: PlugError | QxlPlugError, options: { readonly addr?: number }): string {
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
