// The QXL device as a PCI function: identity, BARs as memory of the guest, doorbells, interrupt pin.

import type { Crossing } from "../../core/crossing";
import type { DeviceMemory, MappedAccess } from "../../core/device_memory";
import type { GuestMemory } from "../../core/guest_memory";
import type { NotifyWindows } from "../../core/notify_windows";
import type { Log } from "../../shared/log";
import { err, ok, type Result } from "../../shared/result";
import type { PciBus } from "../pci/bus";
import { type BarSpec, PciFunction } from "../pci/function";
import * as Pci from "../pci/registers";
import { allOnes, type RegisterHandler } from "../pci/router";
import * as Config from "./config";
import { Qxl, type QxlSetup } from "./device";
import type { BarMemory } from "./memslots";
import type { PixelExports } from "./painter";
import * as Q from "./protocol";
import { Scanout } from "./scanout";
import { Scratch, scratchBytes } from "./scratch";
import type { Display } from "../../backends/display/types";

export interface QxlPlatform {
  readonly bus: PciBus;
  readonly crossing: Crossing;
  readonly guest: GuestMemory;
  readonly exports: PixelExports;
  readonly memory: DeviceMemory;
  readonly windows: NotifyWindows;
  readonly log: Log;
}

export type QxlPlugError = "no-slot" | "slot-taken" | "no-memory";

/** Bytes of device memory that a QXL device takes. */
export function qxlMemoryBytes(options: Config.QxlOptions): number {
  const sizes = Config.qxlSizes(options);
  return sizes.ram + sizes.vram64 + Config.ROM_BYTES + scratchBytes(arenaBytes(sizes));
}

/** What one command needs in one piece: two pictures of the largest size. */
function arenaBytes(sizes: Config.QxlSizes): number {
  return 2 * sizes.vgamem;
}

/** Queues of the doorbell slot: the two rings. */
const RINGS = 2;
const FIRST_DEVICE_SLOT = 2;

export class QxlPciDevice {
  readonly device: Qxl;
  readonly scanout: Scanout;
  readonly fn: PciFunction;
  readonly slot: number;
  readonly #platform: QxlPlatform;
  readonly #doorbell: number;
  readonly #bars: MappedBar[];
  #window: number | undefined;
  #level = false;

  static plug(
    platform: QxlPlatform,
    display: Display,
    options: Config.QxlOptions & { slot?: number },
  ): Result<QxlPciDevice, QxlPlugError> {
    const slot = options.slot ?? platform.bus.freeSlot(FIRST_DEVICE_SLOT);
    if (slot === undefined) return err("no-slot");
    if (platform.bus.functionAt(slot) !== undefined) return err("slot-taken");
    const sizes = Config.qxlSizes(options);
    const ram = platform.memory.take(sizes.ram);
    const vram = platform.memory.take(sizes.vram64);
    const rom = platform.memory.take(Config.ROM_BYTES);
    const scratch = platform.memory.take(scratchBytes(arenaBytes(sizes)));
    if (ram === undefined || vram === undefined || rom === undefined || scratch === undefined) return err("no-memory");
    const kicked: { by?: () => void } = {};
    const doorbell = platform.crossing.attachSlot(RINGS, () => kicked.by?.());
    if (doorbell === undefined) return err("no-slot");
    const plugged = new QxlPciDevice(platform, display, options, { ram, vram, rom, scratch, doorbell, slot });
    kicked.by = () => plugged.device.kick();
    platform.bus.add(plugged.fn, slot);
    return ok(plugged);
  }

  private constructor(
    platform: QxlPlatform,
    display: Display,
    options: Config.QxlOptions,
    at: { ram: number; vram: number; rom: number; scratch: number; doorbell: number; slot: number },
  ) {
    const sizes = Config.qxlSizes(options);
    this.#platform = platform;
    this.slot = at.slot;
    this.#doorbell = at.doorbell;
    const { guest, memory } = platform;
    const ram = new MappedBar(guest, memory, { index: Config.BAR_RAM, kind: "mem32", host: at.ram, bytes: sizes.ram });
    const vram = new MappedBar(guest, memory, {
      index: Config.BAR_VRAM,
      kind: "mem32",
      host: at.vram,
      bytes: sizes.vram,
    });
    const rom = new MappedBar(
      guest,
      memory,
      { index: Config.BAR_ROM, kind: "mem32", host: at.rom, bytes: Config.ROM_BYTES },
      "read-only",
    );
    const bars = [ram, vram];
    if (sizes.vram64 > sizes.vram) {
      bars.push(
        new MappedBar(guest, memory, { index: Config.BAR_VRAM64, kind: "mem64", host: at.vram, bytes: sizes.vram64 }),
      );
    }
    this.#bars = bars;
    const specs = [...bars, rom].map((bar) => bar.spec);
    this.fn = new PciFunction(identity(options.primary), [...specs, this.#ports()]);
    this.fn.onWritten = () => this.#drivePin();
    const scratch = new Scratch(guest, at.scratch, scratchBytes(arenaBytes(sizes)));
    this.scanout = new Scanout(display, platform.exports, scratch);
    const { xres: width, yres: height } = options;
    const setup: QxlSetup = {
      sizes,
      id: 0,
      preferred: width === undefined || height === undefined ? undefined : { width, height },
      vga: options.primary,
    };
    this.device = new Qxl(
      {
        guest,
        exports: platform.exports,
        scratch,
        scanout: this.scanout,
        log: platform.log,
        rom: at.rom,
        bars: () => this.#bars,
        setLine: (level) => this.#setLine(level),
        again: () => platform.crossing.ring(at.doorbell, 0),
      },
      setup,
    );
  }

  /** The BARs that are memory, the RAM first. */
  get memory(): readonly BarMemory[] {
    return this.#bars;
  }

  /** The machine was reset. The bus assigns addresses again. */
  powerOn(): void {
    this.device.reset();
  }

  #ports(): BarSpec {
    const handler: RegisterHandler = {
      read: (_offset, size) => allOnes(size),
      write: (offset, _size, value) => this.device.writePort(offset, value & 0xff),
    };
    return {
      index: Config.BAR_IO,
      kind: "io",
      size: Config.IO_BYTES,
      handler,
      moved: (port) => this.#moveWindow(port),
    };
  }

  /** Writes to the two notify ports are doorbells, wherever the BAR is. */
  #moveWindow(port: number | undefined): void {
    const { windows } = this.#platform;
    if (this.#window !== undefined) windows.remove(this.#window);
    this.#window = undefined;
    if (port === undefined) return;
    const start = port + Q.IO_NOTIFY_CMD;
    this.#window = windows.add({ start, length: RINGS, space: "port", slot: this.#doorbell, queue: { shift: 0 } });
  }

  #setLine(level: boolean): void {
    if (level === this.#level) return;
    this.#level = level;
    this.#drivePin();
  }

  #drivePin(): void {
    const { fn } = this;
    const status = fn.u16(Pci.STATUS) & ~Pci.STATUS_INTERRUPT;
    fn.setU16(Pci.STATUS, status | (this.#level ? Pci.STATUS_INTERRUPT : 0));
    this.#platform.bus.setInterrupt(fn, this.#level && (fn.command & Pci.COMMAND_INTX_DISABLE) === 0);
  }
}

function identity(primary: boolean): ConstructorParameters<typeof PciFunction>[0] {
  return {
    vendor: Config.VENDOR,
    device: Config.DEVICE,
    revision: Config.REVISION,
    classCode: primary ? Config.CLASS_VGA : Config.CLASS_OTHER_DISPLAY,
    subsystemVendor: Pci.QEMU_SUBSYSTEM_VENDOR,
    subsystem: Pci.QEMU_SUBSYSTEM,
    interruptPin: 1,
  };
}

interface MappedBarPlace {
  readonly index: number;
  readonly kind: "mem32" | "mem64";
  readonly host: number;
  readonly bytes: number;
}

/** A BAR that is memory. Where the page map cannot lead to it, accesses arrive as exits, which works too. */
class MappedBar implements BarMemory {
  readonly spec: BarSpec;
  readonly host: number;
  readonly bytes: number;
  readonly #memory: DeviceMemory;
  readonly #access: MappedAccess;
  address: number | undefined;

  constructor(guest: GuestMemory, memory: DeviceMemory, place: MappedBarPlace, access: MappedAccess = "read-write") {
    this.host = place.host;
    this.bytes = place.bytes;
    this.#memory = memory;
    this.#access = access;
    const handler = access === "read-only" ? readOnly(guest, place.host) : readWrite(guest, place.host);
    const moved = (address: number | undefined): void => this.#move(address);
    const prefetchable = place.kind === "mem64";
    this.spec = { index: place.index, kind: place.kind, prefetchable, size: place.bytes, handler, moved };
  }

  #move(address: number | undefined): void {
    if (this.address !== undefined) this.#memory.unmap(this.address, this.host, this.bytes);
    this.address = address;
    if (address !== undefined) this.#memory.map(address, this.host, this.bytes, this.#access);
  }
}

function readWrite(guest: GuestMemory, host: number): RegisterHandler {
  return {
    ...readOnly(guest, host),
    write: (offset, size, value) => {
      if (size === 1) guest.data.setUint8(host + offset, value);
      else if (size === 2) guest.data.setUint16(host + offset, value, true);
      else guest.data.setUint32(host + offset, value, true);
    },
  };
}

function readOnly(guest: GuestMemory, host: number): RegisterHandler {
  return {
    read: (offset, size) => {
      if (size === 1) return guest.data.getUint8(host + offset);
      return size === 2 ? guest.data.getUint16(host + offset, true) : guest.data.getUint32(host + offset, true);
    },
    write: () => undefined,
  };
}
