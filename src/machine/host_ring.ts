// The host's end of a byte ring between a chip and this side (assembly/layout/byte_ring.ts).

import * as ByteRing from "../../assembly/layout/byte_ring";
import type { GuestMemory } from "../core/guest_memory";

export class HostRing {
  readonly #guest: GuestMemory;
  readonly #base: number;

  constructor(guest: GuestMemory, base: number) {
    this.#guest = guest;
    this.#base = base;
  }

  /** Takes all bytes that the chip has produced. */
  drain(): Uint8Array<ArrayBuffer> {
    const head = this.#load(ByteRing.head);
    const capacity = this.#load(ByteRing.capacity);
    const length = Math.min((this.#load(ByteRing.tail) - head) >>> 0, capacity);
    const bytes = new Uint8Array(length);
    this.#parts(head, length, capacity, (at, host, size) => this.#guest.copyOut(host, bytes, at, size));
    this.#store(ByteRing.head, head + length);
    return bytes;
  }

  /** Bytes that `push` would take. */
  get room(): number {
    const fill = (this.#load(ByteRing.tail) - this.#load(ByteRing.head)) >>> 0;
    return Math.max(0, this.#load(ByteRing.capacity) - fill);
  }

  /** Gives the chip as many bytes as there is room for; answers how many. */
  push(bytes: Uint8Array): number {
    const tail = this.#load(ByteRing.tail);
    const capacity = this.#load(ByteRing.capacity);
    const length = Math.min(bytes.length, this.room);
    this.#parts(tail, length, capacity, (at, host, size) => this.#guest.copyIn(host, bytes.subarray(at, at + size)));
    this.#store(ByteRing.tail, tail + length);
    return length;
  }

  /** A range of the ring is at most two ranges of memory. */
  #parts(
    start: number,
    length: number,
    capacity: number,
    part: (at: number, host: number, size: number) => void,
  ): void {
    if (length === 0) return;
    const first = start & (capacity - 1);
    const size = Math.min(length, capacity - first);
    part(0, this.#base + ByteRing.data + first, size);
    if (size < length) part(size, this.#base + ByteRing.data, length - size);
  }

  #load(offset: number): number {
    return Atomics.load(this.#guest.words, (this.#base + offset) / 4) >>> 0;
  }

  #store(offset: number, value: number): void {
    Atomics.store(this.#guest.words, (this.#base + offset) / 4, value | 0);
  }
}
