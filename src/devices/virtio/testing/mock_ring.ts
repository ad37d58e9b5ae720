// A split virtqueue from the driver's side, in guest memory: what a driver writes, and what a malicious one might.

import * as Format from "../../../../assembly/layout/vring_format";
import type { GuestMemory } from "../../../core/guest_memory";
import { type Gpa, gpa } from "../../../shared/units";

export interface Buffer {
  readonly gpa: number;
  readonly len: number;
  readonly writable: boolean;
}

/** A raw descriptor, with nothing checked. `addr` may be any 64-bit number. */
export interface RawDescriptor {
  readonly addr: number | bigint;
  readonly len: number;
  readonly flags: number;
  readonly next: number;
}

export interface UsedEntry {
  readonly id: number;
  readonly len: number;
}

export class MockRing {
  readonly size: number;
  readonly desc: Gpa;
  readonly avail: Gpa;
  readonly used: Gpa;
  /** First address after the ring. */
  readonly end: Gpa;
  readonly #guest: GuestMemory;
  #nextDescriptor = 0;
  #availIdx = 0;
  #usedSeen = 0;

  /** The legacy layout is the same with a 4096-byte alignment, so it serves both interfaces. */
  constructor(guest: GuestMemory, base: number, size: number) {
    this.#guest = guest;
    this.size = size;
    this.desc = gpa(base);
    this.avail = gpa(base + size * Format.DESC_SIZE);
    const availEnd = this.avail + Format.availRing + (size + 1) * Format.AVAIL_ENTRY_SIZE;
    this.used = gpa(Math.ceil(availEnd / Format.LEGACY_ALIGN) * Format.LEGACY_ALIGN);
    this.end = gpa(this.used + Format.usedRing + size * Format.USED_ENTRY_SIZE + 2);
    this.#guest.fill(this.desc, this.end - this.desc, 0);
  }

  writeDescriptor(index: number, descriptor: RawDescriptor): void {
    this.#guest.write(gpa(this.desc + index * Format.DESC_SIZE), encodeDescriptor(descriptor));
  }

  /** Writes a chain of direct descriptors and returns its head; descriptors are reused round robin. */
  chain(buffers: readonly Buffer[]): number {
    const indices = buffers.map((_, i) => (this.#nextDescriptor + i) % this.size);
    this.#nextDescriptor += buffers.length;
    for (const [i, buffer] of buffers.entries()) {
      const next = indices[i + 1];
      this.writeDescriptor(indices[i] ?? 0, {
        addr: buffer.gpa,
        len: buffer.len,
        flags: (buffer.writable ? Format.DESC_WRITE : 0) | (next === undefined ? 0 : Format.DESC_NEXT),
        next: next ?? 0,
      });
    }
    return indices[0] ?? 0;
  }

  /** Writes the buffers as an indirect table at `table` and a descriptor for it; returns the head. */
  indirectChain(table: number, buffers: readonly Buffer[]): number {
    for (const [i, buffer] of buffers.entries()) {
      const more = i + 1 < buffers.length;
      const flags = (buffer.writable ? Format.DESC_WRITE : 0) | (more ? Format.DESC_NEXT : 0);
      const bytes = encodeDescriptor({ addr: buffer.gpa, len: buffer.len, flags, next: more ? i + 1 : 0 });
      this.#guest.write(gpa(table + i * Format.DESC_SIZE), bytes);
    }
    const head = this.#nextDescriptor++ % this.size;
    const len = buffers.length * Format.DESC_SIZE;
    this.writeDescriptor(head, { addr: table, len, flags: Format.DESC_INDIRECT, next: 0 });
    return head;
  }

  /** Puts a head into the avail ring and shows it to the device. */
  offer(head: number): void {
    this.writeAvailEntry(this.#availIdx % this.size, head);
    this.setAvailIdx(this.#availIdx + 1);
  }

  writeAvailEntry(slot: number, head: number): void {
    this.writeU16(this.avail + Format.availRing + slot * Format.AVAIL_ENTRY_SIZE, head);
  }

  setAvailIdx(idx: number): void {
    this.#availIdx = idx & 0xffff;
    this.writeU16(this.avail + Format.availIdx, this.#availIdx);
  }

  setAvailFlags(flags: number): void {
    this.writeU16(this.avail + Format.availFlags, flags);
  }

  setUsedEvent(event: number): void {
    this.writeU16(this.avail + Format.availRing + this.size * Format.AVAIL_ENTRY_SIZE, event);
  }

  get usedIdx(): number {
    return this.readU16(this.used + Format.usedIdx);
  }

  get usedFlags(): number {
    return this.readU16(this.used + Format.usedFlags);
  }

  get availEvent(): number {
    return this.readU16(this.used + Format.usedRing + this.size * Format.USED_ENTRY_SIZE);
  }

  /** Entries that the device has returned since the last call. */
  takeUsed(): UsedEntry[] {
    const entries: UsedEntry[] = [];
    const idx = this.usedIdx;
    while (this.#usedSeen !== idx && entries.length < 0x10000) {
      const at = this.used + Format.usedRing + (this.#usedSeen % this.size) * Format.USED_ENTRY_SIZE;
      entries.push({ id: this.#guest.readU32(gpa(at)) ?? -1, len: this.#guest.readU32(gpa(at + 4)) ?? -1 });
      this.#usedSeen = (this.#usedSeen + 1) & 0xffff;
    }
    return entries;
  }

  readU16(address: number): number {
    const bytes = new Uint8Array(2);
    this.#guest.read(gpa(address), bytes);
    return (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  }

  writeU16(address: number, value: number): void {
    this.#guest.write(gpa(address), Uint8Array.of(value & 0xff, (value >> 8) & 0xff));
  }
}

export function encodeDescriptor(descriptor: RawDescriptor): Uint8Array {
  const bytes = new Uint8Array(Format.DESC_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(Format.descAddr, BigInt.asUintN(64, BigInt(descriptor.addr)), true);
  view.setUint32(Format.descLen, descriptor.len, true);
  view.setUint16(Format.descFlags, descriptor.flags, true);
  view.setUint16(Format.descNext, descriptor.next, true);
  return bytes;
}
