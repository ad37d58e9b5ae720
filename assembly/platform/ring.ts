// One end of a byte ring (layout/byte_ring.ts). The other end is the host's and may hold anything: fills are bounded.

import * as ByteRing from "../layout/byte_ring";

export function ringFill(ring: usize): u32 {
  const fill = atomic.load<u32>(ring, ByteRing.tail) - atomic.load<u32>(ring, ByteRing.head);
  return min(fill, load<u32>(ring, ByteRing.capacity));
}

export function ringFull(ring: usize): bool {
  return ringFill(ring) >= load<u32>(ring, ByteRing.capacity);
}

/** Adds a byte; the caller has seen that there is room. */
export function ringPush(ring: usize, byte: u32): void {
  const tail = load<u32>(ring, ByteRing.tail);
  const at = <usize>(tail & (load<u32>(ring, ByteRing.capacity) - 1));
  store<u8>(ring + at, <u8>byte, ByteRing.data);
  atomic.store<u32>(ring, tail + 1, ByteRing.tail);
}

/** Takes an entry of 1 (u8) or 2 bytes (u16); the caller has seen that it is there. */
export function ringPop<T>(ring: usize): T {
  const head = load<u32>(ring, ByteRing.head);
  const at = <usize>(head & (load<u32>(ring, ByteRing.capacity) - 1) & ~(<u32>sizeof<T>() - 1));
  const value = load<T>(ring + at, ByteRing.data);
  atomic.store<u32>(ring, head + <u32>sizeof<T>(), ByteRing.head);
  return value;
}
