// One descriptor chain: copy and check its descriptors, then translate them (VIRTIO 1.2, 2.7.5).

import * as Vring from "../layout/vring";
import * as Format from "../layout/vring_format";
import { copyFromGuest, guestSegments } from "../mem/phys";

/** Follows the chain from `head` and leaves checked copies of its descriptors in the queue's scratch. 0 or an ERR_ code. */
export function walkChain(q: usize, head: u32): i32 {
  const m = <usize>load<u32>(q, Vring.machine);
  let table = load<u64>(q, Vring.desc);
  let tableSize = load<u32>(q, Vring.size);
  let inTable: u32 = 0;
  let indirect = false;
  let index = head;
  resetChain(q);
  let more = true;
  while (more) {
    if (index >= tableSize) return Vring.ERR_DESCRIPTOR_INDEX;
    // A table has as many descriptors as entries; one more means a loop. Bounds both the ring and the indirect table.
    if (inTable++ == tableSize) return Vring.ERR_LOOP;
    const at = q + Vring.current;
    if (!copyFromGuest(m, at, table + <u64>index * Format.DESC_SIZE, Format.DESC_SIZE)) {
      return indirect ? Vring.ERR_BUFFER : Vring.ERR_RING_ADDRESS;
    }
    const flags = <u32>load<u16>(at, Format.descFlags);
    if (flags & Format.DESC_INDIRECT) {
      if (indirect || flags & Format.DESC_NEXT || !(load<u32>(q, Vring.flags) & Vring.FLAG_INDIRECT)) {
        return Vring.ERR_INDIRECT;
      }
      const len = load<u32>(at, Format.descLen);
      if (len == 0 || len % Format.DESC_SIZE != 0 || len / Format.DESC_SIZE > <u32>Vring.MAX_DESCRIPTORS) {
        return Vring.ERR_INDIRECT_LENGTH;
      }
      indirect = true;
      table = load<u64>(at, Format.descAddr);
      tableSize = len / Format.DESC_SIZE;
      inTable = 0;
      index = 0;
      continue;
    }
    const error = takeDescriptor(q, (flags & Format.DESC_WRITE) != 0);
    if (error != 0) return error;
    more = (flags & Format.DESC_NEXT) != 0;
    index = <u32>load<u16>(at, Format.descNext);
  }
  return 0;
}

function resetChain(q: usize): void {
  store<u32>(q, 0, Vring.descriptorCount);
  store<u32>(q, 0, Vring.readableDescriptors);
  store<u32>(q, 0, Vring.readableSegments);
  store<u32>(q, 0, Vring.writableSegments);
  store<u32>(q, 0, Vring.readableBytes);
  store<u32>(q, 0, Vring.writableBytes);
}

/** Appends the current descriptor to the chain. */
function takeDescriptor(q: usize, writable: bool): i32 {
  const gpa = load<u64>(q, Vring.current + Format.descAddr);
  const len = load<u32>(q, Vring.current + Format.descLen);
  const count = load<u32>(q, Vring.descriptorCount);
  if (len == 0) return Vring.ERR_ZERO_LENGTH;
  if (gpa + <u64>len < gpa) return Vring.ERR_BUFFER;
  const readable = load<u32>(q, Vring.readableBytes);
  const writableLen = load<u32>(q, Vring.writableBytes);
  if (<u64>readable + <u64>writableLen + <u64>len > <u64>u32.MAX_VALUE) return Vring.ERR_TOO_LONG;
  if (count == Vring.MAX_DESCRIPTORS) return Vring.ERR_TOO_LONG;
  if (writable) {
    store<u32>(q, writableLen + len, Vring.writableBytes);
  } else {
    if (count != load<u32>(q, Vring.readableDescriptors)) return Vring.ERR_ORDER;
    store<u32>(q, count + 1, Vring.readableDescriptors);
    store<u32>(q, readable + len, Vring.readableBytes);
  }
  const entry = q + Vring.descriptors + <usize>count * Vring.DESCRIPTOR_SIZE;
  store<u64>(entry, gpa, Vring.descriptorGpa);
  store<u32>(entry, len, Vring.descriptorLen);
  store<u32>(entry, writable ? 1 : 0, Vring.descriptorWritable);
  store<u32>(q, count + 1, Vring.descriptorCount);
  return 0;
}

/** Finds the host memory behind the copied descriptors: address and length together, once. 0 or an ERR_ code. */
export function translateChain(q: usize): i32 {
  const m = <usize>load<u32>(q, Vring.machine);
  const count = load<u32>(q, Vring.descriptorCount);
  const readable = load<u32>(q, Vring.readableDescriptors);
  let total: i32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (i == readable) store<u32>(q, total, Vring.readableSegments);
    const entry = q + Vring.descriptors + <usize>i * Vring.DESCRIPTOR_SIZE;
    const gpa = load<u64>(entry, Vring.descriptorGpa);
    const len = load<u32>(entry, Vring.descriptorLen);
    const out = q + Vring.segments + <usize>total * Vring.SEGMENT_SIZE;
    const found = guestSegments(m, gpa, len, i >= readable, out, Vring.MAX_SEGMENTS - total);
    if (found < 0) return Vring.ERR_BUFFER;
    total += found;
  }
  if (count == readable) store<u32>(q, total, Vring.readableSegments);
  store<u32>(q, total - load<u32>(q, Vring.readableSegments), Vring.writableSegments);
  return 0;
}
