// A virtio device as a PCI function: identity, BARs, capabilities, interrupts and the addresses of its doorbell
// (VIRTIO 1.2, 4.1). Order and offsets of the capabilities are QEMU's.

import type { AccessSize, Crossing } from "../../core/crossing";
import type { GuestMemory } from "../../core/guest_memory";
import type { NotifyWindows } from "../../core/notify_windows";
import type { VringPool } from "../../core/vrings";
import type { Log } from "../../shared/log";
import { err, ok, type Result } from "../../shared/result";
import type { PciBus } from "../pci/bus";
import { type BarSpec, type FunctionIdentity, overlaps, PciFunction } from "../pci/function";
import type { InterruptSink } from "../pci/intx";
import { Msix, MSIX_BAR_SIZE } from "../pci/msix";
import * as Pci from "../pci/registers";
import { allOnes, type RegisterHandler } from "../pci/router";
import type { VirtioDevice } from "./device";
import { LEGACY_QUEUE_NOTIFY, legacyBarSize, LegacyRegisters } from "./legacy";
import {
  AREA_LENGTH,
  COMMON_OFFSET,
  DEVICE_OFFSET,
  ISR_OFFSET,
  MODERN_BAR_SIZE,
  ModernRegisters,
  NOTIFY_MULTIPLIER,
  NOTIFY_OFFSET,
  NOTIFY_SHIFT,
} from "./modern";
import type { VringExports } from "./queue";
import { VirtioTransport } from "./transport";

const VENDOR = 0x1af4;
const MODERN_DEVICE = 0x1040;
/** PCI device ids of the devices that existed before VIRTIO 1.0, by virtio id (VIRTIO 1.2, 4.1.2.1). */
const transitionalIds: ReadonlyMap<number, number> = new Map([
  [1, 0x1000],
  [2, 0x1001],
  [3, 0x1003],
  [4, 0x1005],
  [5, 0x1002],
  [8, 0x1004],
  [9, 0x1009],
]);

const LEGACY_BAR = 0;
const MSIX_BAR = 1;
const MODERN_BAR = 4;
const MSIX_CAPABILITY = 0x98;
const PCI_CFG_CAPABILITY = 0x84;

const CFG_COMMON = 1;
const CFG_NOTIFY = 2;
const CFG_ISR = 3;
const CFG_DEVICE = 4;
const CFG_PCI = 5;

/** What all devices of a machine share. */
export interface VirtioPlatform {
  readonly bus: PciBus;
  readonly crossing: Crossing;
  readonly guest: GuestMemory;
  readonly vring: VringExports;
  readonly vrings: VringPool;
  readonly windows: NotifyWindows;
  readonly interrupts: InterruptSink;
  readonly log: Log;
}

type Interfaces = "both" | "modern" | "legacy";

export interface VirtioPciOptions {
  readonly slot?: number;
  /** Which interfaces the device has; devices newer than VIRTIO 0.9 are modern in any case. */
  readonly interfaces?: Interfaces;
}

export type PlugError = "no-slot" | "slot-taken" | "no-queues";

/** First slot for devices: 0 is the host bridge, 1 the PIIX. */
export const FIRST_DEVICE_SLOT = 2;

export class VirtioPciDevice {
  readonly transport: VirtioTransport;
  readonly fn: PciFunction;
  readonly slot: number;
  readonly #platform: VirtioPlatform;
  readonly #msix: Msix;
  readonly #doorbell: number;
  readonly #queues: readonly number[];
  readonly #windows = new Map<string, number>();
  readonly #modern: ModernRegisters;
  #pin = false;

  /** Plugs a device into the bus. Undo with `unplug`. */
  static plug(
    device: VirtioDevice,
    platform: VirtioPlatform,
    options: VirtioPciOptions = {},
  ): Result<VirtioPciDevice, PlugError> {
    const slot = options.slot ?? platform.bus.freeSlot(FIRST_DEVICE_SLOT);
    if (slot === undefined) return err("no-slot");
    if (platform.bus.functionAt(slot) !== undefined) return err("slot-taken");
    const queues = platform.vrings.take(device.queueSizes.length);
    if (queues === undefined) return err("no-queues");
    const kicked: { by?: (queue: number) => void } = {};
    const doorbell = platform.crossing.attachSlot(queues.length, (queue) => kicked.by?.(queue));
    if (doorbell === undefined) {
      platform.vrings.giveBack(queues);
      return err("no-slot");
    }
    const interfaces = transitionalIds.has(device.virtioId) ? (options.interfaces ?? "both") : "modern";
    const plugged = new VirtioPciDevice(device, platform, { slot, queues, doorbell, interfaces });
    kicked.by = (queue) => plugged.transport.kick(queue);
    platform.bus.add(plugged.fn, slot);
    return ok(plugged);
  }

  private constructor(
    device: VirtioDevice,
    platform: VirtioPlatform,
    place: { slot: number; queues: readonly number[]; doorbell: number; interfaces: Interfaces },
  ) {
    this.slot = place.slot;
    this.#platform = platform;
    this.#doorbell = place.doorbell;
    this.#queues = place.queues;
    this.#msix = new Msix(device.msixVectors ?? device.queueSizes.length + 1, platform.interrupts);
    this.transport = new VirtioTransport(
      device,
      {
        guest: platform.guest,
        vring: platform.vring,
        queues: place.queues,
        log: platform.log,
        again: (queue) => platform.crossing.ring(place.doorbell, queue),
      },
      {
        vectors: this.#msix.vectors,
        usesMessages: () => this.#msix.enabled,
        raise: (vector) => this.#msix.raise(vector),
        setPin: (level) => this.#setPin(level),
      },
    );
    this.#modern = new ModernRegisters(this.transport);
    this.fn = new PciFunction(identityOf(device, place.interfaces), this.#bars(device, place.interfaces));
    if (place.interfaces !== "legacy") this.#addCapabilities();
    this.#msix.attach(this.fn, MSIX_CAPABILITY, MSIX_BAR);
    this.fn.onWritten = (offset, length) => this.#configWritten(offset, length);
  }

  /** Whether interrupts go out as messages, not by the pin. */
  get usesMessages(): boolean {
    return this.#msix.enabled;
  }

  /** The machine was reset: registers of the function and the device to power-on. The bus assigns addresses again. */
  powerOn(): void {
    this.#msix.reset();
    this.transport.reset();
  }

  unplug(): void {
    this.transport.unplug();
    this.#platform.bus.remove(this.fn);
    this.#platform.crossing.detachSlot(this.#doorbell);
    this.#platform.vrings.giveBack(this.#queues);
  }

  #bars(device: VirtioDevice, interfaces: Interfaces): BarSpec[] {
    const bars: BarSpec[] = [{ index: MSIX_BAR, kind: "mem32", size: MSIX_BAR_SIZE, handler: this.#msix }];
    if (interfaces !== "modern") {
      bars.push({
        index: LEGACY_BAR,
        kind: "io",
        size: legacyBarSize(device.config.length),
        handler: new LegacyRegisters(this.transport, () => this.#msix.enabled),
        moved: (port) => this.#moveWindow("port", port === undefined ? undefined : port + LEGACY_QUEUE_NOTIFY, 2),
      });
    }
    if (interfaces !== "legacy") {
      const length = Math.min(device.queueSizes.length * NOTIFY_MULTIPLIER, AREA_LENGTH);
      bars.push({
        index: MODERN_BAR,
        kind: "mem64",
        prefetchable: true,
        size: MODERN_BAR_SIZE,
        handler: this.#modern,
        moved: (gpa) => this.#moveWindow("mmio", gpa === undefined ? undefined : gpa + NOTIFY_OFFSET, length),
      });
    }
    return bars;
  }

  /** Writes to the notify register are doorbells wherever the BAR is. */
  #moveWindow(space: "mmio" | "port", start: number | undefined, length: number): void {
    const old = this.#windows.get(space);
    if (old !== undefined) this.#platform.windows.remove(old);
    this.#windows.delete(space);
    if (start === undefined) return;
    const queue = space === "port" ? "value" : { shift: NOTIFY_SHIFT };
    const added = this.#platform.windows.add({ start, length, space, slot: this.#doorbell, queue });
    if (added !== undefined) this.#windows.set(space, added);
  }

  #addCapabilities(): void {
    const { fn } = this;
    fn.addCapability(0x40, Pci.CAP_VENDOR, virtioCapability(CFG_COMMON, COMMON_OFFSET));
    fn.addCapability(0x50, Pci.CAP_VENDOR, virtioCapability(CFG_ISR, ISR_OFFSET));
    fn.addCapability(0x60, Pci.CAP_VENDOR, virtioCapability(CFG_DEVICE, DEVICE_OFFSET));
    fn.addCapability(0x70, Pci.CAP_VENDOR, virtioCapability(CFG_NOTIFY, NOTIFY_OFFSET, NOTIFY_MULTIPLIER));
    fn.addCapability(PCI_CFG_CAPABILITY, Pci.CAP_VENDOR, [20, CFG_PCI, ...Array<number>(16).fill(0)]);
    // 4.1.4.9: bar, offset and length are written by the driver; then the last dword is a window.
    fn.allowWrites(PCI_CFG_CAPABILITY + 4, 0xff);
    fn.allowWrites(PCI_CFG_CAPABILITY + 8, 0xff, 0xff, 0xff, 0xff, 0x07);
    fn.override(PCI_CFG_CAPABILITY + 16, 4, this.#pciCfgWindow());
  }

  #pciCfgWindow(): RegisterHandler {
    const target = (size: AccessSize): number | undefined => {
      const bar = this.fn.config[PCI_CFG_CAPABILITY + 4] ?? 0;
      const offset = this.fn.u32(PCI_CFG_CAPABILITY + 8);
      const length = this.fn.u32(PCI_CFG_CAPABILITY + 12);
      const fits = bar === MODERN_BAR && offset % size === 0 && offset + size <= MODERN_BAR_SIZE;
      return fits && length === size ? offset : undefined;
    };
    return {
      read: (_offset, size) => {
        const at = target(size);
        return at === undefined ? allOnes(size) : this.#modern.read(at, size);
      },
      write: (_offset, size, value) => {
        const at = target(size);
        if (at !== undefined) this.#modern.write(at, size, value);
      },
    };
  }

  #configWritten(offset: number, length: number): void {
    if (overlaps(offset, length, MSIX_CAPABILITY + 2, 2)) {
      this.#msix.controlChanged();
      this.transport.updatePin();
    } else if (overlaps(offset, length, Pci.COMMAND, 2)) {
      this.#drivePin();
    }
  }

  #setPin(level: boolean): void {
    this.#pin = level;
    this.#drivePin();
  }

  #drivePin(): void {
    const { fn } = this;
    const status = fn.u16(Pci.STATUS) & ~Pci.STATUS_INTERRUPT;
    fn.setU16(Pci.STATUS, status | (this.#pin ? Pci.STATUS_INTERRUPT : 0));
    this.#platform.bus.setInterrupt(fn, this.#pin && (fn.command & Pci.COMMAND_INTX_DISABLE) === 0);
  }
}

function identityOf(device: VirtioDevice, interfaces: Interfaces): FunctionIdentity {
  const transitional = interfaces === "modern" ? undefined : transitionalIds.get(device.virtioId);
  return {
    vendor: VENDOR,
    device: transitional ?? MODERN_DEVICE + device.virtioId,
    // Legacy drivers take revision 0 only; they find the virtio id in the subsystem id.
    revision: transitional === undefined ? 1 : 0,
    classCode: device.classCode,
    subsystemVendor: Pci.QEMU_SUBSYSTEM_VENDOR,
    subsystem: transitional === undefined ? Pci.QEMU_SUBSYSTEM : device.virtioId,
    interruptPin: 1,
  };
}

/** Body of a virtio capability, after id and next pointer (VIRTIO 1.2, 4.1.4). */
function virtioCapability(type: number, offset: number, multiplier?: number): number[] {
  const u32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  const tail = multiplier === undefined ? [] : u32(multiplier);
  return [16 + tail.length, type, MODERN_BAR, 0, 0, 0, ...u32(offset), ...u32(AREA_LENGTH), ...tail];
}
