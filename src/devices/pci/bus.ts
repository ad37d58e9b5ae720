// PCI bus 0: functions in slots, configuration mechanism #1 (ports CF8h and CFCh), and where the BARs answer.
// There is no firmware before a direct boot, so the bus also assigns addresses at reset as firmware would.

import type { AccessSize } from "../../core/crossing";
import type { BarSpec, PciFunction } from "./function";
import { gsiOf, interruptLineOf, IntxWires, type InterruptSink, wireOf } from "./intx";
import * as Pci from "./registers";
import { allOnes, type Region, type RegisterHandler, type Router } from "./router";

const SLOTS = 32;
const FUNCTIONS = 8;
const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;

/** Where firmware puts BARs. I/O clear of the ACPI ports, memory above RAM and below the IOAPIC, large ones apart. */
export const IO_BASE = 0xc000;
export const IO_END = 0x10000;
export const MMIO_BASE = 0xfe000000;
export const MMIO_END = 0xfec00000;
const LARGE_BASE = 0xc0000000;
const LARGE_BAR = 0x100000;

interface Plugged {
  readonly fn: PciFunction;
  readonly slot: number;
  readonly number: number;
  readonly regions: Map<BarSpec, { region: Region; address: number }>;
}

export class PciBus {
  readonly ports: Router;
  readonly mmio: Router;
  readonly wires: IntxWires;
  readonly #functions: (Plugged | undefined)[] = Array.from({ length: SLOTS * FUNCTIONS });
  #address = 0;

  constructor(ports: Router, mmio: Router, sink: InterruptSink) {
    this.ports = ports;
    this.mmio = mmio;
    this.wires = new IntxWires(sink);
    const registers: RegisterHandler = {
      read: (offset, size) => this.#portRead(offset, size),
      write: (offset, size, value) => this.#portWrite(offset, size, value),
    };
    ports.add(CONFIG_ADDRESS, 8, registers);
  }

  /** Lowest slot from `first` on that has no function 0. */
  freeSlot(first: number): number | undefined {
    for (let slot = first; slot < SLOTS; slot++) if (this.#functions[slot * FUNCTIONS] === undefined) return slot;
    return undefined;
  }

  functionAt(slot: number, number = 0): PciFunction | undefined {
    return this.#functions[slot * FUNCTIONS + number]?.fn;
  }

  /** Plugs a function in. Throws if the place is taken: who builds the machine has looked. */
  add(fn: PciFunction, slot: number, number = 0): void {
    const index = slot * FUNCTIONS + number;
    if (this.#functions[index] !== undefined) throw new Error(`PCI slot ${slot}.${number} is taken`);
    const plugged: Plugged = { fn, slot, number, regions: new Map() };
    this.#functions[index] = plugged;
    fn.onDecodeChanged = () => this.#map(plugged);
  }

  remove(fn: PciFunction): void {
    const index = this.#functions.findIndex((plugged) => plugged?.fn === fn);
    const plugged = this.#functions[index];
    if (plugged === undefined) return;
    this.#functions[index] = undefined;
    fn.onDecodeChanged = () => undefined;
    for (const bar of fn.bars) this.#place(plugged, bar, undefined);
    if (fn.interruptPin !== 0) this.wires.drive(fn, wireOf(plugged.slot, fn.interruptPin), false);
  }

  /** Drives the function's interrupt pin. */
  setInterrupt(fn: PciFunction, level: boolean): void {
    const plugged = this.#functions.find((other) => other?.fn === fn);
    if (plugged === undefined || fn.interruptPin === 0) return;
    this.wires.drive(fn, wireOf(plugged.slot, fn.interruptPin), level);
  }

  /** What firmware does before it starts a system: BARs, interrupt lines, decoding. */
  assignResources(): void {
    this.#address = 0;
    const io = { next: IO_BASE, end: IO_END };
    const memory = { next: MMIO_BASE, end: MMIO_END };
    const large = { next: LARGE_BASE, end: MMIO_BASE };
    for (const plugged of this.#functions) {
      if (plugged === undefined) continue;
      const { fn, slot } = plugged;
      fn.setU16(Pci.COMMAND, 0);
      this.#map(plugged);
      for (const bar of fn.bars) {
        const align = Math.max(bar.size, bar.kind === "io" ? 4 : 4096);
        const area = bar.kind === "io" ? io : bar.size >= LARGE_BAR ? large : memory;
        const start = alignUp(area.next, align);
        if (start + align > area.end) continue;
        fn.assignBar(bar, start);
        area.next = start + align;
      }
      if (fn.interruptPin !== 0) fn.config[Pci.INTERRUPT_LINE] = interruptLineOf(slot, fn.interruptPin);
      fn.setU16(Pci.COMMAND, Pci.COMMAND_IO | Pci.COMMAND_MEMORY | Pci.COMMAND_MASTER);
      this.#map(plugged);
    }
  }

  /** Global interrupt of a function's pin, for messages and tests; undefined without one. */
  gsi(fn: PciFunction): number | undefined {
    const plugged = this.#functions.find((other) => other?.fn === fn);
    return plugged === undefined || fn.interruptPin === 0 ? undefined : gsiOf(plugged.slot, fn.interruptPin);
  }

  #map(plugged: Plugged): void {
    for (const bar of plugged.fn.bars) this.#place(plugged, bar, plugged.fn.barAddress(bar));
  }

  #place(plugged: Plugged, bar: BarSpec, address: number | undefined): void {
    const router = bar.kind === "io" ? this.ports : this.mmio;
    const now = plugged.regions.get(bar);
    if (now?.address === address) return;
    if (now !== undefined) router.remove(now.region);
    if (address === undefined) plugged.regions.delete(bar);
    else plugged.regions.set(bar, { region: router.add(address, bar.size, bar.handler), address });
    bar.moved?.(address);
  }

  #portRead(offset: number, size: AccessSize): number {
    if (offset < CONFIG_DATA - CONFIG_ADDRESS) return offset === 0 && size === 4 ? this.#address : allOnes(size);
    const target = this.#target();
    return target === undefined ? allOnes(size) : target.fn.read(this.#register(offset), size) >>> 0;
  }

  #portWrite(offset: number, size: AccessSize, value: number): void {
    if (offset < CONFIG_DATA - CONFIG_ADDRESS) {
      // Only a dword access reaches the address register (440FX data sheet, 3.1); bits 1:0 and 30:24 are hardwired.
      if (offset === 0 && size === 4) this.#address = (value & 0x80fffffc) >>> 0;
      return;
    }
    this.#target()?.fn.write(this.#register(offset), size, value);
  }

  /** Register that an access to the data port means. An access never leaves the dword. */
  #register(offset: number): number {
    return (this.#address & 0xfc) + (offset & 3);
  }

  #target(): Plugged | undefined {
    const enabled = this.#address >= 0x80000000;
    const bus = (this.#address >>> 16) & 0xff;
    if (!enabled || bus !== 0) return undefined;
    const plugged = this.#functions[(this.#address >>> 8) & 0xff];
    // Without function 0 a slot is empty.
    return plugged !== undefined && this.functionAt(plugged.slot) !== undefined ? plugged : undefined;
  }
}

function alignUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}
