// Checked access to guest-physical memory, for chips, devices and page walks. Addresses are gpas; an access outside
// memory reads zero or copies nothing and says so. Lengths are checked together with the address, once.

import * as MemoryMap from "../layout/memory_map";
import { noteDeviceWrite } from "./code_marks";
import { hostForRead, hostForWrite } from "./page_map";

/** Bytes from `gpa` to the end of its page. */
@inline
function untilPageEnd(gpa: u64): u32 {
  return MemoryMap.PAGE_SIZE - <u32>(gpa & MemoryMap.PAGE_MASK);
}

/** Copies guest memory to `to`; false (with a prefix copied) if any part is not memory. */
export function copyFromGuest(m: usize, to: usize, gpa: u64, len: u32): bool {
  while (len != 0) {
    const host = hostForRead(m, gpa);
    if (host == 0) return false;
    const part = min<u32>(len, untilPageEnd(gpa));
    memory.copy(to, host, part);
    to += part;
    gpa += part;
    len -= part;
  }
  return true;
}

/** Copies to guest memory; false (with a prefix copied) if any part is not writable memory. */
export function copyToGuest(m: usize, gpa: u64, from: usize, len: u32): bool {
  while (len != 0) {
    const host = hostForWrite(m, gpa);
    if (host == 0) return false;
    const part = min<u32>(len, untilPageEnd(gpa));
    noteDeviceWrite(m, host, part);
    memory.copy(host, from, part);
    from += part;
    gpa += part;
    len -= part;
  }
  return true;
}

/**
 * Finds the host memory behind [gpa, gpa + len) as (u32 host, u32 len) pairs at `out`, merged where host pages touch.
 * Returns the number of pairs, or -1 if part of the range is not memory or more than `max` pairs are needed.
 * A caller that will write there passes `write`, so that decoded code is dropped.
 */
export function guestSegments(m: usize, gpa: u64, len: u32, write: bool, out: usize, max: i32): i32 {
  let count = 0;
  let end: usize = 0;
  while (len != 0) {
    const host = write ? hostForWrite(m, gpa) : hostForRead(m, gpa);
    if (host == 0) return -1;
    const part = min<u32>(len, untilPageEnd(gpa));
    if (write) noteDeviceWrite(m, host, part);
    if (count != 0 && host == end) {
      const last = out + <usize>((count - 1) << 3);
      store<u32>(last, load<u32>(last, 4) + part, 4);
    } else {
      if (count == max) return -1;
      store<u32>(out + <usize>(count << 3), <u32>host);
      store<u32>(out + <usize>(count << 3), part, 4);
      count++;
    }
    end = host + part;
    gpa += part;
    len -= part;
  }
  return count;
}

/** Little-endian value at a gpa that does not cross a page, 0 where there is no memory. */
@inline
export function readPhys<T>(m: usize, gpa: u64): T {
  const host = hostForRead(m, gpa);
  return host == 0 ? <T>0 : load<T>(host);
}

/** Stores a value that does not cross a page; false where there is no writable memory. */
@inline
export function writePhys<T>(m: usize, gpa: u64, value: T): bool {
  const host = hostForWrite(m, gpa);
  if (host == 0) return false;
  noteDeviceWrite(m, host, sizeof<T>());
  store<T>(host, value);
  return true;
}
