// Which 64-byte lines of host memory hold decoded or translated code. Writers look here before they write.

import * as ByteRing from "../layout/byte_ring";
import * as Cpu from "../layout/cpu";
import * as Machine from "../layout/machine";
import * as MemoryMap from "../layout/memory_map";

@inline
function linesAddress(host: usize): usize {
  return MemoryMap.CODE_LINES + ((host >> MemoryMap.PAGE_SHIFT) << 3);
}

/** Bits of the lines that [host, host + len) touches; the range stays within one page. */
@inline
function lineMask(host: usize, len: usize): u64 {
  const first = <u64>((host >> 6) & 63);
  const last = <u64>(((host + len - 1) >> 6) & 63);
  return ((<u64>-1) << first) & ((<u64>-1) >> (63 - last));
}

/** Non-zero if the page of `host` holds any code. */
@inline
export function pageHasCode(host: usize): bool {
  return load<u64>(linesAddress(host)) != 0;
}

@inline
export function rangeHasCode(host: usize, len: usize): bool {
  return (load<u64>(linesAddress(host)) & lineMask(host, len)) != 0;
}

export function markCode(host: usize, len: usize): void {
  atomic.or<u64>(linesAddress(host), lineMask(host, len));
}

export function clearCodeMarks(host: usize): void {
  atomic.store<u64>(linesAddress(host), 0);
}

/** A device wrote [host, host + len) within a page: ask every CPU to drop the code that it has decoded there. */
export function noteDeviceWrite(m: usize, host: usize, len: usize): void {
  if (!rangeHasCode(host, len)) return;
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) {
    const cpu = <usize>load<u32>(m, Machine.cpus) + <usize>i * Cpu.SIZE;
    postInvalidation(m + Machine.codeRing + <usize>i * Machine.CODE_RING_SIZE, cpu, host);
  }
}

function postInvalidation(ring: usize, cpu: usize, host: usize): void {
  // Several workers may produce: the tail is reserved by an atomic add, the entry is valid once it is non-zero.
  const capacity = load<u32>(ring, ByteRing.capacity);
  const tail = atomic.add<u32>(ring + ByteRing.tail, 4);
  if (capacity == 0 || tail - atomic.load<u32>(ring + ByteRing.head) >= capacity) {
    atomic.store<i32>(cpu + Cpu.codeFlush, 1);
  } else {
    atomic.store<u32>(ring + ByteRing.data + <usize>(tail & (capacity - 1)), <u32>(host >> MemoryMap.PAGE_SHIFT));
  }
  atomic.store<i32>(cpu + Cpu.exitRequest, Cpu.REQUESTED);
}
