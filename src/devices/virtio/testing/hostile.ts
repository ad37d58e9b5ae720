// Drivers that lie: crafted rings, one lie each, and random ones from a seed. Every device must survive them all.

import * as Format from "../../../../assembly/layout/vring_format";
import { gpa } from "../../../shared/units";
import type { MockDriver } from "./mock_driver";
import type { Buffer, MockRing } from "./mock_ring";

const { DESC_NEXT, DESC_WRITE, DESC_INDIRECT } = Format;
const DATA = 0x300000;
const TABLE = 0x310000;

/** RAM of the guest under test, in bytes: what lies above is not memory. */
export const HOSTILE_RAM = 4 * 1024 * 1024;

export interface HostileCase {
  readonly name: string;
  /** Fills the ring; the caller kicks. */
  readonly write: (ring: MockRing, driver: MockDriver) => void;
  /** The ring itself is malformed, whatever the device makes of chains. */
  readonly malformed: boolean;
}

function direct(ring: MockRing, addr: number | bigint, len: number, flags: number, next = 0): void {
  ring.writeDescriptor(0, { addr, len, flags, next });
  ring.offer(0);
}

function table(ring: MockRing, driver: MockDriver, entries: readonly [number, number, number, number][]): void {
  for (const [i, [addr, len, flags, next]] of entries.entries()) {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, addr, true);
    view.setUint32(8, len, true);
    view.setUint16(12, flags, true);
    view.setUint16(14, next, true);
    driver.guest.write(gpa(TABLE + i * 16), bytes);
  }
  direct(ring, TABLE, entries.length * 16, DESC_INDIRECT);
}

export const hostileCases: readonly HostileCase[] = [
  { name: "chain that follows itself", malformed: true, write: (r) => direct(r, DATA, 16, DESC_NEXT, 0) },
  { name: "next outside the table", malformed: true, write: (r) => direct(r, DATA, 16, DESC_NEXT, 0xffff) },
  { name: "head outside the table", malformed: true, write: (r) => r.offer(0xffff) },
  { name: "index that jumps", malformed: true, write: (r) => r.setAvailIdx(r.size + 1) },
  { name: "index that goes back", malformed: true, write: (r) => r.setAvailIdx(-1) },
  { name: "zero length, readable", malformed: true, write: (r) => direct(r, DATA, 0, 0) },
  { name: "zero length, writable", malformed: true, write: (r) => direct(r, DATA, 0, DESC_WRITE) },
  { name: "huge readable length", malformed: true, write: (r) => direct(r, 0, 0xffffffff, 0) },
  { name: "huge writable length", malformed: true, write: (r) => direct(r, 0, 0xffffffff, DESC_WRITE) },
  { name: "end outside RAM", malformed: true, write: (r) => direct(r, HOSTILE_RAM - 8, 16, DESC_WRITE) },
  { name: "address outside RAM", malformed: true, write: (r) => direct(r, 0xfee00000, 16, DESC_WRITE) },
  { name: "address with an upper half", malformed: true, write: (r) => direct(r, 1n << 40n, 16, DESC_WRITE) },
  { name: "address that wraps", malformed: true, write: (r) => direct(r, 0xfffffffffffffff0n, 32, DESC_WRITE) },
  { name: "indirect in indirect", malformed: true, write: (r, d) => table(r, d, [[TABLE, 16, DESC_INDIRECT, 0]]) },
  { name: "loop in an indirect table", malformed: true, write: (r, d) => table(r, d, [[DATA, 16, DESC_NEXT, 0]]) },
  { name: "indirect next outside", malformed: true, write: (r, d) => table(r, d, [[DATA, 16, DESC_NEXT, 9]]) },
  { name: "indirect with next", malformed: true, write: (r) => direct(r, TABLE, 16, DESC_INDIRECT | DESC_NEXT, 1) },
  { name: "indirect of odd length", malformed: true, write: (r) => direct(r, TABLE, 17, DESC_INDIRECT) },
  { name: "indirect of no length", malformed: true, write: (r) => direct(r, TABLE, 0, DESC_INDIRECT) },
  { name: "indirect of huge length", malformed: true, write: (r) => direct(r, TABLE, 0xfffffff0, DESC_INDIRECT) },
  { name: "indirect outside RAM", malformed: true, write: (r) => direct(r, HOSTILE_RAM, 16, DESC_INDIRECT) },
  {
    name: "readable after writable",
    malformed: true,
    write: (ring) => {
      ring.writeDescriptor(1, { addr: DATA, len: 16, flags: 0, next: 0 });
      direct(ring, DATA, 16, DESC_WRITE | DESC_NEXT, 1);
    },
  },
  { name: "one writable byte", malformed: false, write: (r) => direct(r, DATA, 1, DESC_WRITE) },
  { name: "one readable byte", malformed: false, write: (r) => direct(r, DATA, 1, 0) },
  { name: "all of RAM, readable", malformed: false, write: (r) => direct(r, 0, HOSTILE_RAM, 0) },
  { name: "all of RAM, writable", malformed: false, write: (r) => direct(r, 0, HOSTILE_RAM, DESC_WRITE) },
  { name: "descriptors as data", malformed: false, write: (r) => direct(r, r.desc, 16, DESC_WRITE) },
  { name: "the used ring as data", malformed: false, write: (r) => direct(r, r.used, 64, DESC_WRITE) },
  {
    name: "the same head, a ring full of it",
    malformed: false,
    write: (ring) => {
      direct(ring, DATA, 16, 0);
      for (let i = 1; i < ring.size; i++) ring.offer(0);
    },
  },
  {
    name: "every byte of RAM many times in one chain",
    malformed: false,
    write: (ring) => {
      for (let i = 0; i < ring.size - 1; i++) {
        ring.writeDescriptor(i, { addr: 0, len: HOSTILE_RAM, flags: DESC_NEXT, next: i + 1 });
      }
      ring.writeDescriptor(ring.size - 1, { addr: DATA, len: 16, flags: DESC_WRITE, next: 0 });
      ring.offer(0);
    },
  },
];

/** A number from 0 up to, not including, `below`. */
type Random = (below: number) => number;

/** Numbers from a seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const addresses = [0, DATA, TABLE, HOSTILE_RAM - 1, HOSTILE_RAM, 0xfee00000, 0xffffffff, 0xffffffffffffffffn];
const lengths = [0, 1, 8, 15, 16, 17, 20, 32, 512, 513, 4096, 65536, HOSTILE_RAM, 0x7fffffff, 0xffffffff];

/** Random descriptors everywhere: most lie in several ways. */
function wildDescriptors(ring: MockRing, random: Random): void {
  const pick = <T>(list: readonly T[], fallback: T): T => list[random(list.length)] ?? fallback;
  for (let i = 0; i < ring.size; i++) {
    ring.writeDescriptor(
      i,
      random(10) === 0
        ? { addr: TABLE, len: 16 * (1 + random(20)), flags: DESC_INDIRECT, next: 0 }
        : {
            addr: random(4) === 0 ? pick(addresses, 0) : DATA + random(0x8000),
            len: random(3) === 0 ? pick(lengths, 16) : 1 + random(1024),
            flags: random(8) === 0 ? random(0x10000) : random(4),
            next: random(10) === 0 ? random(0x10000) : random(ring.size),
          },
    );
  }
  for (let i = 1 + random(ring.size); i > 0; i--) ring.offer(random(50) === 0 ? random(0x10000) : random(ring.size));
  if (random(20) === 0) ring.setAvailIdx(random(0x10000));
}

/** Buffers as a block driver has them: header, data, status. */
function blockBuffers(random: Random): Buffer[] {
  const data = { gpa: DATA + random(0x100) * 16, len: 512 * (1 + random(4)), writable: random(2) === 0 };
  return [
    { gpa: DATA + random(0x100) * 16, len: 16, writable: false },
    data,
    { gpa: DATA + 0x8000, len: 1, writable: true },
  ];
}

function anyBuffers(random: Random): Buffer[] {
  const buffer = (writable: boolean): Buffer => ({
    gpa: DATA + random(0x100) * 16,
    len: random(3) === 0 ? 512 * (1 + random(4)) : 1 + random(64),
    writable,
  });
  const readable = random(3);
  const writable = random(3) + (readable === 0 ? 1 : 0);
  return [
    ...Array.from({ length: readable }, () => buffer(false)),
    ...Array.from({ length: writable }, () => buffer(true)),
  ];
}

/** Chains in good order whose buffers and contents are random, with a single lie now and then. */
function plausibleChains(ring: MockRing, random: Random): void {
  const shape = random(3) === 0 ? anyBuffers : blockBuffers;
  for (let free = ring.size; free >= 4;) {
    const buffers = shape(random);
    free -= buffers.length;
    const head = random(5) === 0 ? ring.indirectChain(TABLE + random(64) * 256, buffers) : ring.chain(buffers);
    ring.offer(random(200) === 0 ? random(ring.size) : head);
  }
}

/** Fills a ring and some data with what might pass a careless check. */
export function randomRing(ring: MockRing, driver: MockDriver, random: Random): void {
  // Small numbers, so that types, sectors and events are often ones that exist.
  const noise = Uint8Array.from({ length: 0x1100 }, () => (random(12) === 0 ? random(16) : 0));
  driver.guest.write(gpa(DATA), noise);
  if (random(3) === 0) wildDescriptors(ring, random);
  else plausibleChains(ring, random);
}
