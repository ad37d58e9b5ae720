// One PCI function: configuration space with its write masks, BARs and capabilities.

import type { RegisterHandler } from "./router";
import * as Pci from "./registers";

export type BarKind = "io" | "mem32" | "mem64";

export interface BarSpec {
  readonly index: number;
  readonly kind: BarKind;
  readonly prefetchable?: boolean;
  /** A power of two. */
  readonly size: number;
  readonly handler: RegisterHandler;
  /** Told whenever the BAR appears somewhere or disappears. */
  readonly moved?: (address: number | undefined) => void;
}

export interface FunctionIdentity {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** 24 bits: class, subclass, programming interface. */
  readonly classCode: number;
  readonly subsystemVendor: number;
  readonly subsystem: number;
  /** 0 = no interrupt, 1 = INTA. */
  readonly interruptPin: number;
  readonly multifunction?: boolean;
}

const STANDARD_COMMAND = Pci.COMMAND_IO | Pci.COMMAND_MEMORY | Pci.COMMAND_MASTER | 0x140 | Pci.COMMAND_INTX_DISABLE;

export class PciFunction {
  readonly config = new Uint8Array(Pci.CONFIG_SIZE);
  /** Bits that the guest may write. */
  readonly writable = new Uint8Array(Pci.CONFIG_SIZE);
  readonly bars: readonly BarSpec[];
  readonly interruptPin: number;
  readonly #view = new DataView(this.config.buffer);
  #lastCapability: number = Pci.CAPABILITIES;
  readonly #overrides: { start: number; length: number; handler: RegisterHandler }[] = [];
  /** Set by the bus: the command register or a BAR was written. */
  onDecodeChanged: () => void = () => undefined;
  /** Set by whoever owns the function: some bytes were written. */
  onWritten: (offset: number, length: number) => void = () => undefined;

  constructor(identity: FunctionIdentity, bars: readonly BarSpec[] = []) {
    this.bars = bars;
    this.interruptPin = identity.interruptPin;
    this.setU16(Pci.VENDOR_ID, identity.vendor);
    this.setU16(Pci.DEVICE_ID, identity.device);
    this.config[Pci.REVISION_ID] = identity.revision;
    this.setU16(Pci.CLASS_CODE + 1, identity.classCode >>> 8);
    this.config[Pci.CLASS_CODE] = identity.classCode & 0xff;
    this.config[Pci.HEADER_TYPE] = identity.multifunction === true ? Pci.HEADER_MULTIFUNCTION : 0;
    this.setU16(Pci.SUBSYSTEM_VENDOR_ID, identity.subsystemVendor);
    this.setU16(Pci.SUBSYSTEM_ID, identity.subsystem);
    this.config[Pci.INTERRUPT_PIN] = identity.interruptPin;
    this.allowWrites(Pci.COMMAND, STANDARD_COMMAND & 0xff, STANDARD_COMMAND >>> 8);
    this.allowWrites(Pci.INTERRUPT_LINE, 0xff);
    this.allowWrites(0x0c, 0xff, 0xff); // Cache line size, latency timer: no meaning here, but drivers write them.
    for (const bar of bars) this.#initBar(bar);
  }

  allowWrites(offset: number, ...masks: number[]): void {
    this.writable.set(masks, offset);
  }

  setU16(offset: number, value: number): void {
    this.#view.setUint16(offset, value, true);
  }

  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** Adds a capability whose bytes (without id and next pointer) are `body`. */
  addCapability(offset: number, id: number, body: readonly number[]): void {
    this.config[this.#lastCapability === Pci.CAPABILITIES ? Pci.CAPABILITIES : this.#lastCapability + 1] = offset;
    this.config.set([id, 0, ...body], offset);
    this.#lastCapability = offset;
    this.setU16(Pci.STATUS, this.u16(Pci.STATUS) | Pci.STATUS_CAPABILITIES);
  }

  /** Configuration bytes that are registers with a life of their own. */
  override(start: number, length: number, handler: RegisterHandler): void {
    this.#overrides.push({ start, length, handler });
  }

  get command(): number {
    return this.u16(Pci.COMMAND);
  }

  /** Where a BAR answers now; undefined while it is not decoded. */
  barAddress(bar: BarSpec): number | undefined {
    const enable = bar.kind === "io" ? Pci.COMMAND_IO : Pci.COMMAND_MEMORY;
    if ((this.command & enable) === 0) return undefined;
    const offset = Pci.BAR0 + bar.index * 4;
    const low = this.u32(offset);
    if (bar.kind === "io") return portAddress((low & ~3) >>> 0, bar.size);
    const high = bar.kind === "mem64" ? this.u32(offset + 4) : 0;
    const address = ((low & ~15) >>> 0) + high * 0x100000000;
    // Address 0 is what a BAR that was never assigned has; the top is where a guest that sizes it puts it for a moment.
    const top = bar.kind === "mem64" ? 2 ** 52 : 0x100000000;
    return address === 0 || address + bar.size >= top ? undefined : address;
  }

  /** Puts a BAR somewhere, as firmware does. */
  assignBar(bar: BarSpec, address: number): void {
    const offset = Pci.BAR0 + bar.index * 4;
    this.setU32(offset, (address >>> 0) | typeBits(bar));
    if (bar.kind === "mem64") this.setU32(offset + 4, Math.floor(address / 0x100000000));
  }

  read(offset: number, size: 1 | 2 | 4): number {
    const override = this.#overrideAt(offset, size);
    if (override !== undefined) return override.handler.read(offset - override.start, size);
    if (size === 4) return this.#view.getUint32(offset, true);
    return size === 2 ? this.#view.getUint16(offset, true) : this.#view.getUint8(offset);
  }

  write(offset: number, size: 1 | 2 | 4, value: number): void {
    const override = this.#overrideAt(offset, size);
    if (override !== undefined) {
      override.handler.write(offset - override.start, size, value);
      return;
    }
    for (let i = 0; i < size; i++) {
      const mask = this.writable[offset + i] ?? 0;
      const old = this.config[offset + i] ?? 0;
      this.config[offset + i] = (old & ~mask) | ((value >>> (8 * i)) & mask);
    }
    if (overlaps(offset, size, Pci.COMMAND, 2) || overlaps(offset, size, Pci.BAR0, 24)) this.onDecodeChanged();
    this.onWritten(offset, size);
  }

  #initBar(bar: BarSpec): void {
    const offset = Pci.BAR0 + bar.index * 4;
    this.setU32(offset, typeBits(bar));
    const mask = -bar.size >>> 0;
    this.allowWrites(offset, mask & 0xff, (mask >>> 8) & 0xff, (mask >>> 16) & 0xff, mask >>> 24);
    if (bar.kind === "mem64") this.allowWrites(offset + 4, 0xff, 0xff, 0xff, 0xff);
  }

  #overrideAt(offset: number, size: number): { start: number; handler: RegisterHandler } | undefined {
    return this.#overrides.find((o) => offset >= o.start && offset + size <= o.start + o.length);
  }
}

export function overlaps(offset: number, size: number, start: number, length: number): boolean {
  return offset < start + length && start < offset + size;
}

function typeBits(bar: BarSpec): number {
  if (bar.kind === "io") return Pci.BAR_IO;
  return (bar.kind === "mem64" ? Pci.BAR_64 : 0) | (bar.prefetchable === true ? Pci.BAR_PREFETCH : 0);
}

function portAddress(port: number, size: number): number | undefined {
  return port === 0 || port + size > 0x10000 ? undefined : port;
}
