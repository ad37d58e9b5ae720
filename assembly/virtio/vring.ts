// The split virtqueue engine: pop, push and the notification decisions (VIRTIO 1.2, 2.7). It knows no device.
// Everything in the rings comes from the guest and may change between two reads: each value is loaded once,
// copied, and the copy is checked. Every loop here is bounded by a number that the guest does not choose.

import * as Machine from "../layout/machine";
import * as Vring from "../layout/vring";
import * as Format from "../layout/vring_format";
import { noteDeviceWrite } from "../mem/code_marks";
import { hostForRead, hostForWrite } from "../mem/page_map";
import { writePhys } from "../mem/phys";
import { translateChain, walkChain } from "./chain";

/** Base address of queue `index` of a machine. */
export function vringAddress(m: usize, index: u32): usize {
  return <usize>load<u32>(m, Machine.vrings) + <usize>min<u32>(index, Vring.QUEUES - 1) * Vring.SIZE;
}

/** Stops the queue until it is set up again. */
function fail(q: usize, error: i32): i32 {
  store<i32>(q, error, Vring.broken);
  return error;
}

/** A 16-bit field of the avail ring; -1 where there is no memory. The ring is 2-aligned, so no field crosses a page. */
function loadAvail(q: usize, offset: u64): i32 {
  const host = hostForRead(<usize>load<u32>(q, Vring.machine), load<u64>(q, Vring.avail) + offset);
  return host == 0 ? -1 : <i32>atomic.load<u16>(host);
}

/** Stores a 16-bit field of the used ring after everything before it; false where there is no memory. */
function storeUsed(q: usize, offset: u64, value: u32): bool {
  const m = <usize>load<u32>(q, Vring.machine);
  const host = hostForWrite(m, load<u64>(q, Vring.used) + offset);
  if (host == 0) return false;
  noteDeviceWrite(m, host, 2);
  atomic.store<u16>(host, <u16>value);
  return true;
}

@inline
function hasFlag(q: usize, flag: u32): bool {
  return (load<u32>(q, Vring.flags) & flag) != 0;
}

function checkSetup(q: usize): i32 {
  const size = load<u32>(q, Vring.size);
  if (size == 0 || size > <u32>Vring.MAX_RING || (size & (size - 1)) != 0) return Vring.ERR_SIZE;
  if (load<u64>(q, Vring.desc) & (Format.DESC_ALIGN - 1)) return Vring.ERR_ALIGNMENT;
  if (load<u64>(q, Vring.avail) & (Format.AVAIL_ALIGN - 1)) return Vring.ERR_ALIGNMENT;
  if (load<u64>(q, Vring.used) & (Format.USED_ALIGN - 1)) return Vring.ERR_ALIGNMENT;
  return 0;
}

/** Starts a queue whose machine, size, flags and addresses are set. 0, or an ERR_ code and the queue stays stopped. */
export function vringStart(q: usize): i32 {
  store<u32>(q, 0, Vring.lastAvail);
  store<u32>(q, 0, Vring.nextUsed);
  store<u32>(q, 0, Vring.publishedUsed);
  const error = checkSetup(q);
  store<i32>(q, error, Vring.broken);
  return error;
}

export function vringStop(q: usize): void {
  store<u32>(q, 0, Vring.size);
  store<i32>(q, 0, Vring.broken);
}

/** Entries that the driver has made available and that were not taken yet, or an ERR_ code. */
function available(q: usize): i32 {
  const idx = loadAvail(q, Format.availIdx);
  if (idx < 0) return Vring.ERR_RING_ADDRESS;
  const waiting = (<u32>idx - load<u32>(q, Vring.lastAvail)) & 0xffff;
  return waiting > load<u32>(q, Vring.size) ? Vring.ERR_AVAIL_INDEX : <i32>waiting;
}

/** Takes the next chain and copies its descriptors, without looking at the memory behind them. */
export function vringPopDescriptors(q: usize): i32 {
  const broken = load<i32>(q, Vring.broken);
  if (broken != 0) return broken;
  const size = load<u32>(q, Vring.size);
  if (size == 0) return Vring.EMPTY;
  const waiting = available(q);
  if (waiting < 0) return fail(q, waiting);
  if (waiting == 0) return Vring.EMPTY;
  const lastAvail = load<u32>(q, Vring.lastAvail);
  const head = loadAvail(q, Format.availRing + <u64>(lastAvail & (size - 1)) * Format.AVAIL_ENTRY_SIZE);
  if (head < 0) return fail(q, Vring.ERR_RING_ADDRESS);
  store<u32>(q, <u32>head, Vring.head);
  const error = walkChain(q, <u32>head);
  if (error != 0) return fail(q, error);
  store<u32>(q, (lastAvail + 1) & 0xffff, Vring.lastAvail);
  return Vring.CHAIN;
}

/** Takes the next chain and finds the host memory behind it. Vring.CHAIN, Vring.EMPTY, or an ERR_ code. */
export function vringPop(q: usize): i32 {
  const answer = vringPopDescriptors(q);
  if (answer != Vring.CHAIN) return answer;
  const error = translateChain(q);
  return error == 0 ? Vring.CHAIN : fail(q, error);
}

/** Puts the chain taken last back: the next pop gives it again. Nothing may have been popped in between. */
export function vringUndoPop(q: usize): void {
  store<u32>(q, (load<u32>(q, Vring.lastAvail) - 1) & 0xffff, Vring.lastAvail);
}

/** Writes a used entry; the driver sees it after vringPublish. False if the queue is stopped or the ring unwritable. */
export function vringPush(q: usize, head: u32, written: u32): bool {
  const size = load<u32>(q, Vring.size);
  if (size == 0 || load<i32>(q, Vring.broken) != 0) return false;
  const m = <usize>load<u32>(q, Vring.machine);
  const nextUsed = load<u32>(q, Vring.nextUsed);
  const entry = load<u64>(q, Vring.used) + Format.usedRing + <u64>(nextUsed & (size - 1)) * Format.USED_ENTRY_SIZE;
  // 4-aligned only: the two halves of an entry may lie in different pages.
  if (!writePhys<u32>(m, entry, head) || !writePhys<u32>(m, entry + 4, written)) {
    fail(q, Vring.ERR_RING_ADDRESS);
    return false;
  }
  store<u32>(q, (nextUsed + 1) & 0xffff, Vring.nextUsed);
  return true;
}

/** Shows the driver all pushed entries with one index store. True if it wants an interrupt for them. */
export function vringPublish(q: usize): bool {
  const before = load<u32>(q, Vring.publishedUsed);
  const after = load<u32>(q, Vring.nextUsed);
  const size = load<u32>(q, Vring.size);
  if (before == after || size == 0) return false;
  if (!storeUsed(q, Format.usedIdx, after)) {
    fail(q, Vring.ERR_RING_ADDRESS);
    return false;
  }
  store<u32>(q, after, Vring.publishedUsed);
  if (!hasFlag(q, Vring.FLAG_EVENT_IDX)) {
    const flags = loadAvail(q, Format.availFlags);
    return flags >= 0 && (flags & Format.AVAIL_NO_INTERRUPT) == 0;
  }
  const event = loadAvail(q, Format.availRing + <u64>size * Format.AVAIL_ENTRY_SIZE);
  // VIRTIO 1.2, 2.7.7.2: used_event was crossed by [before, after).
  return event >= 0 && ((after - <u32>event - 1) & 0xffff) < ((after - before) & 0xffff);
}

/** Asks the driver not to kick. With EVENT_IDX nothing need be said: a stale avail_event is not crossed again. */
export function vringDisableNotifications(q: usize): void {
  if (load<u32>(q, Vring.size) == 0 || hasFlag(q, Vring.FLAG_EVENT_IDX)) return;
  storeUsed(q, Format.usedFlags, Format.USED_NO_NOTIFY);
}

/** Asks the driver to kick for the next chain. True if one slipped in meanwhile: its kick may never come. */
export function vringEnableNotifications(q: usize): bool {
  const size = load<u32>(q, Vring.size);
  if (size == 0 || load<i32>(q, Vring.broken) != 0) return false;
  const stored = hasFlag(q, Vring.FLAG_EVENT_IDX)
    ? storeUsed(q, Format.usedRing + <u64>size * Format.USED_ENTRY_SIZE, load<u32>(q, Vring.lastAvail))
    : storeUsed(q, Format.usedFlags, 0);
  if (!stored) {
    fail(q, Vring.ERR_RING_ADDRESS);
    return true;
  }
  // The atomic store above and the atomic load in available() are ordered: either we see the new index here or the
  // driver sees our request. An error counts as "something there", so that the next pop reports it.
  return available(q) != 0;
}
