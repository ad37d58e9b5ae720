// MSI-X: the table and the pending bits in a BAR, the capability, and the decision whether a vector goes out
// (PCI Local Bus Specification 3.0, 6.8.2).

import type { AccessSize } from "../../core/crossing";
import type { PciFunction } from "./function";
import type { InterruptSink } from "./intx";
import * as Pci from "./registers";
import type { RegisterHandler } from "./router";

const ENTRY_SIZE = 16;
const ENTRY_MASKED = 1;
const ENTRY_CONTROL = 12;
const CONTROL_ENABLE = 0x80;
const CONTROL_FUNCTION_MASK = 0x40;
export const MSIX_BAR_SIZE = 0x1000;
const PBA_OFFSET = 0x800;
export const MAX_VECTORS = PBA_OFFSET / ENTRY_SIZE;

export class Msix implements RegisterHandler {
  readonly vectors: number;
  readonly #table: Uint8Array;
  readonly #entries: DataView;
  readonly #pending: Uint8Array;
  readonly #sink: InterruptSink;
  #fn: PciFunction | undefined;
  #capability = 0;

  constructor(vectors: number, sink: InterruptSink) {
    this.vectors = Math.min(vectors, MAX_VECTORS);
    this.#table = new Uint8Array(this.vectors * ENTRY_SIZE);
    this.#entries = new DataView(this.#table.buffer);
    this.#pending = new Uint8Array(Math.ceil(this.vectors / 64) * 8);
    this.#sink = sink;
    this.reset();
  }

  /** Adds the capability to a function whose BAR `bar` has this as its handler. */
  attach(fn: PciFunction, capability: number, bar: number): void {
    this.#fn = fn;
    this.#capability = capability;
    const size = this.vectors - 1;
    const body = [size & 0xff, size >>> 8, bar, 0, 0, 0, bar | (PBA_OFFSET & 0xff), PBA_OFFSET >>> 8, 0, 0];
    fn.addCapability(capability, Pci.CAP_MSIX, body);
    fn.allowWrites(capability + 3, CONTROL_ENABLE | CONTROL_FUNCTION_MASK);
  }

  get enabled(): boolean {
    return (this.#control & CONTROL_ENABLE) !== 0;
  }

  reset(): void {
    this.#table.fill(0);
    for (let i = 0; i < this.vectors; i++) this.#table[i * ENTRY_SIZE + ENTRY_CONTROL] = ENTRY_MASKED;
    this.#pending.fill(0);
    const fn = this.#fn;
    if (fn !== undefined) fn.config[this.#capability + 3] = this.#control & ~(CONTROL_ENABLE | CONTROL_FUNCTION_MASK);
  }

  /** Sends a vector's message, or remembers it while it is masked. */
  raise(vector: number): void {
    if (vector >= this.vectors || !this.enabled) return;
    if (this.#masked(vector)) this.#setPending(vector, true);
    else this.#send(vector);
  }

  /** The function's configuration space was written: an unmask lets pending vectors out. */
  controlChanged(): void {
    for (let vector = 0; vector < this.vectors; vector++) this.#releasePending(vector);
  }

  read(offset: number, size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.#byte(offset + i) << (8 * i);
    return value >>> 0;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset + size > this.#table.length) return;
    for (let i = 0; i < size; i++) this.#table[offset + i] = (value >>> (8 * i)) & 0xff;
    this.#releasePending(Math.floor(offset / ENTRY_SIZE));
  }

  #byte(offset: number): number {
    if (offset >= PBA_OFFSET) return this.#pending[offset - PBA_OFFSET] ?? 0;
    return this.#table[offset] ?? 0;
  }

  get #control(): number {
    return this.#fn?.config[this.#capability + 3] ?? 0;
  }

  #masked(vector: number): boolean {
    const entryMasked = ((this.#table[vector * ENTRY_SIZE + ENTRY_CONTROL] ?? 1) & ENTRY_MASKED) !== 0;
    return entryMasked || (this.#control & CONTROL_FUNCTION_MASK) !== 0;
  }

  #releasePending(vector: number): void {
    const byte = this.#pending[vector >>> 3] ?? 0;
    if ((byte & (1 << (vector & 7))) === 0 || !this.enabled || this.#masked(vector)) return;
    this.#setPending(vector, false);
    this.#send(vector);
  }

  #setPending(vector: number, on: boolean): void {
    const byte = this.#pending[vector >>> 3] ?? 0;
    const bit = 1 << (vector & 7);
    this.#pending[vector >>> 3] = on ? byte | bit : byte & ~bit;
  }

  #send(vector: number): void {
    const at = vector * ENTRY_SIZE;
    this.#sink.raiseMsi(this.#entries.getUint32(at, true), this.#entries.getUint32(at + 8, true));
  }
}
