// The 8254 timer (Intel 82C54 data sheet) and port 61. Counts are derived from guest time; nothing ticks. All functions
// want the lock of the chips.

import * as Machine from "../layout/machine";
import * as Pit from "../layout/pit";
import { guestNow, ticksAt, timeOfTick } from "./clock";
import { ioapicBusy } from "./ioapic";
import { setIsaIrq } from "./irq";
import { picBusy } from "./pic";

const NEVER: u64 = u64.MAX_VALUE;
/** Ticks further behind than this are dropped instead of being delivered late. */
const CATCH_UP_TICKS: u64 = Pit.HZ;
const RETRY_NS: u64 = 100000;

@inline
function channelAt(m: usize, n: u32): usize {
  return m + Machine.pit + <usize>n * Pit.CHANNEL_SIZE;
}

function ticksNow(m: usize): u64 {
  return ticksAt(guestNow(m), Pit.HZ);
}

/** Ticks since the count was loaded, not counting while the gate held it. */
function elapsed(channel: usize, now: u64): u64 {
  if (!load<u8>(channel, Pit.counting)) return load<u64>(channel, Pit.frozen);
  const start = load<u64>(channel, Pit.start);
  return now > start ? now - start : 0;
}

function isPeriodic(channel: usize): bool {
  const mode = load<u8>(channel, Pit.mode);
  return mode == 2 || mode == 3;
}

/** State of the output pin. */
function output(channel: usize, now: u64): bool {
  const count = <u64>load<u32>(channel, Pit.count);
  const mode = load<u8>(channel, Pit.mode);
  if (count == 0 || !load<u8>(channel, Pit.loaded)) return mode != 0;
  const gone = elapsed(channel, now);
  const running = load<u8>(channel, Pit.counting) != 0;
  switch (mode) {
    case 0:
      return gone >= count;
    case 1:
      return !running || gone >= count;
    case 2:
      return !running || gone % count != count - 1;
    case 3:
      return !running || gone % count < (count + 1) >> 1;
    default:
      return !running || gone != count;
  }
}

/** What the counting element would show. */
function counter(channel: usize, now: u64): u32 {
  const count = <u64>load<u32>(channel, Pit.count);
  if (count == 0) return 0;
  const gone = elapsed(channel, now);
  const wrap: u64 = load<u8>(channel, Pit.bcd) ? 10000 : 65536;
  let value: u64;
  if (load<u8>(channel, Pit.mode) == 3) value = count - ((((gone % count) << 1) % count) & ~(<u64>1));
  else if (isPeriodic(channel)) value = count - (gone % count);
  else value = (count + wrap - (gone % wrap)) % wrap;
  return load<u8>(channel, Pit.bcd) ? toBcd(<u32>(value % 10000)) : (<u32>value) & 0xffff;
}

function toBcd(value: u32): u32 {
  return (value % 10) | (((value / 10) % 10) << 4) | (((value / 100) % 10) << 8) | (((value / 1000) % 10) << 12);
}

/** Digits above 9 count as such; the sum stays below 16666. */
function fromBcd(value: u32): u32 {
  return (value & 15) + ((value >> 4) & 15) * 10 + ((value >> 8) & 15) * 100 + (value >> 12) * 1000;
}

/** Finds the next rising edge of channel 0. IRQ 0 falls with its output; only `pitFire` raises it. */
function schedule(m: usize, now: u64): void {
  const pit = m + Machine.pit;
  const channel = channelAt(m, 0);
  const count = <u64>load<u32>(channel, Pit.count);
  let next = NEVER;
  if (load<u8>(channel, Pit.loaded) && load<u8>(channel, Pit.counting)) {
    const gone = elapsed(channel, now);
    const start = load<u64>(channel, Pit.start);
    if (isPeriodic(channel)) next = start + (gone / count + 1) * count;
    else if (gone < count) next = start + count;
  }
  store<u64>(pit, next, Pit.nextTick);
  store<u64>(pit, 0, Pit.retry);
  if (!output(channel, now)) setIsaIrq(m, 0, false);
}

function loadCount(m: usize, n: u32, value: u32): void {
  const channel = channelAt(m, n);
  const bcd = load<u8>(channel, Pit.bcd) != 0;
  let count = bcd ? fromBcd(value) : value;
  if (count == 0) count = bcd ? 10000 : 65536;
  // A period of 1 is not allowed in modes 2 and 3 and would be an interrupt per tick.
  if (count == 1 && isPeriodic(channel)) count = 2;
  const now = ticksNow(m);
  const mode = load<u8>(channel, Pit.mode);
  store<u32>(channel, count, Pit.count);
  store<u8>(channel, 1, Pit.loaded);
  store<u64>(channel, now, Pit.start);
  store<u64>(channel, 0, Pit.frozen);
  // Modes 1 and 5 wait for the gate to rise.
  store<u8>(channel, mode != 1 && mode != 5 ? load<u8>(channel, Pit.gate) : 0, Pit.counting);
  if (n == 0) schedule(m, now);
}

function latchCount(m: usize, channel: usize): void {
  if (load<u8>(channel, Pit.latched)) return;
  store<u16>(channel, <u16>counter(channel, ticksNow(m)), Pit.latch);
  store<u8>(channel, load<u8>(channel, Pit.access) == 3 ? 2 : 1, Pit.latched);
}

function latchStatus(m: usize, channel: usize): void {
  if (load<u8>(channel, Pit.statusLatched)) return;
  const out: u32 = output(channel, ticksNow(m)) ? 0x80 : 0;
  const nullCount: u32 = load<u8>(channel, Pit.loaded) ? 0 : 0x40;
  const format = ((<u32>load<u8>(channel, Pit.access)) << 4) | ((<u32>load<u8>(channel, Pit.mode)) << 1);
  store<u8>(channel, <u8>(out | nullCount | format | load<u8>(channel, Pit.bcd)), Pit.status);
  store<u8>(channel, 1, Pit.statusLatched);
}

function readBack(m: usize, value: u32): void {
  for (let n: u32 = 0; n < 3; n++) {
    if (((value >> (n + 1)) & 1) == 0) continue;
    if ((value & 0x20) == 0) latchCount(m, channelAt(m, n));
    if ((value & 0x10) == 0) latchStatus(m, channelAt(m, n));
  }
}

function writeControl(m: usize, value: u32): void {
  const n = value >> 6;
  if (n == 3) {
    readBack(m, value);
    return;
  }
  const channel = channelAt(m, n);
  const access = (value >> 4) & 3;
  if (access == 0) {
    latchCount(m, channel);
    return;
  }
  const mode = (value >> 1) & 7;
  store<u8>(channel, <u8>access, Pit.access);
  store<u8>(channel, <u8>(mode > 5 ? mode - 4 : mode), Pit.mode);
  store<u8>(channel, <u8>(value & 1), Pit.bcd);
  store<u8>(channel, 0, Pit.writeHigh);
  store<u8>(channel, 0, Pit.readHigh);
  store<u8>(channel, 0, Pit.latched);
  store<u8>(channel, 0, Pit.statusLatched);
  store<u8>(channel, 0, Pit.loaded);
  store<u8>(channel, 0, Pit.counting);
  if (n == 0) schedule(m, ticksNow(m));
}

function writeCount(m: usize, n: u32, value: u32): void {
  const channel = channelAt(m, n);
  const access = load<u8>(channel, Pit.access);
  if (access == 1) loadCount(m, n, value);
  else if (access == 2) loadCount(m, n, value << 8);
  else if (load<u8>(channel, Pit.writeHigh)) {
    store<u8>(channel, 0, Pit.writeHigh);
    loadCount(m, n, load<u8>(channel, Pit.writeLow) | (value << 8));
  } else {
    store<u8>(channel, <u8>value, Pit.writeLow);
    store<u8>(channel, 1, Pit.writeHigh);
    // In mode 0 the first byte of a count stops the running one.
    if (load<u8>(channel, Pit.mode) == 0) {
      store<u64>(channel, elapsed(channel, ticksNow(m)), Pit.frozen);
      store<u8>(channel, 0, Pit.counting);
      if (n == 0) schedule(m, ticksNow(m));
    }
  }
}

function readCount(m: usize, n: u32): u32 {
  const channel = channelAt(m, n);
  if (load<u8>(channel, Pit.statusLatched)) {
    store<u8>(channel, 0, Pit.statusLatched);
    return load<u8>(channel, Pit.status);
  }
  const access = load<u8>(channel, Pit.access);
  const left = load<u8>(channel, Pit.latched);
  const value: u32 = left ? load<u16>(channel, Pit.latch) : counter(channel, ticksNow(m));
  if (left) {
    store<u8>(channel, left - 1, Pit.latched);
    return (access == 2 || (access == 3 && left == 1) ? value >> 8 : value) & 0xff;
  }
  const high = access == 2 || (access == 3 && load<u8>(channel, Pit.readHigh) != 0);
  if (access == 3) store<u8>(channel, load<u8>(channel, Pit.readHigh) ^ 1, Pit.readHigh);
  return (high ? value >> 8 : value) & 0xff;
}

/** Ports 40-43. */
export function pitRead(m: usize, port: u32): u32 {
  const n = port & 3;
  return n == 3 ? 0xff : readCount(m, n);
}

export function pitWrite(m: usize, port: u32, value: u32): void {
  const n = port & 3;
  if (n == 3) writeControl(m, value);
  else writeCount(m, n, value);
}

/** Port 61: gate of channel 2, speaker, refresh toggle (bit 4, every 15 us), output of channel 2. */
export function port61Read(m: usize): u32 {
  const now = guestNow(m);
  const channel = channelAt(m, 2);
  let value = (<u32>load<u8>(channel, Pit.gate)) | ((<u32>load<u8>(m + Machine.pit, Pit.speaker)) << 1);
  value |= ((<u32>(now / 15085)) & 1) << 4;
  return output(channel, ticksAt(now, Pit.HZ)) ? value | 0x20 : value;
}

export function port61Write(m: usize, value: u32): void {
  store<u8>(m + Machine.pit, <u8>((value >> 1) & 1), Pit.speaker);
  const channel = channelAt(m, 2);
  const gate = <u8>(value & 1);
  if (gate == load<u8>(channel, Pit.gate)) return;
  store<u8>(channel, gate, Pit.gate);
  if (load<u8>(channel, Pit.loaded)) moveGate(channel, gate != 0, ticksNow(m));
}

function moveGate(channel: usize, up: bool, now: u64): void {
  const mode = load<u8>(channel, Pit.mode);
  const holds = mode == 0 || mode == 4;
  if (up) {
    // Modes 0 and 4 go on where they stopped; the others start over.
    store<u64>(channel, holds ? now - load<u64>(channel, Pit.frozen) : now, Pit.start);
    store<u8>(channel, 1, Pit.counting);
  } else if (mode != 1 && mode != 5) {
    store<u64>(channel, holds ? elapsed(channel, now) : 0, Pit.frozen);
    store<u8>(channel, 0, Pit.counting);
  }
}

/** ns at which channel 0 wants attention. */
export function pitDeadline(m: usize): u64 {
  const pit = m + Machine.pit;
  const next = load<u64>(pit, Pit.nextTick);
  if (next == NEVER) return NEVER;
  return max(timeOfTick(next, Pit.HZ), load<u64>(pit, Pit.retry));
}

/**
 * Raises IRQ 0 if its edge is due. Like KVM's timer it delivers late ticks one after the other, each when the guest is
 * done with the one before, so that a kernel that counts ticks keeps its time; more than a second of them is dropped.
 */
export function pitFire(m: usize, now: u64): void {
  if (now < pitDeadline(m)) return;
  const pit = m + Machine.pit;
  if (!isPeriodic(channelAt(m, 0))) {
    store<u64>(pit, NEVER, Pit.nextTick);
    setIsaIrq(m, 0, false);
    setIsaIrq(m, 0, true);
    return;
  }
  const ticks = ticksAt(now, Pit.HZ);
  const count = <u64>load<u32>(channelAt(m, 0), Pit.count);
  let next = load<u64>(pit, Pit.nextTick);
  if (ticks > next && ticks - next > CATCH_UP_TICKS) next += ((ticks - next) / count) * count;
  const late = ticks > next && ticks - next >= count;
  if (picBusy(m, 0) || ioapicBusy(m, 2)) {
    store<u64>(pit, next, Pit.nextTick);
    store<u64>(pit, now + RETRY_NS, Pit.retry);
    return;
  }
  store<u64>(pit, next + count, Pit.nextTick);
  // The guest that is behind still has to run between two ticks.
  store<u64>(pit, late ? now + RETRY_NS : 0, Pit.retry);
  setIsaIrq(m, 0, false);
  setIsaIrq(m, 0, true);
}

export function pitReset(m: usize): void {
  const pit = m + Machine.pit;
  memory.fill(pit, 0, Pit.SIZE);
  store<u64>(pit, NEVER, Pit.nextTick);
  for (let n: u32 = 0; n < 3; n++) {
    store<u8>(channelAt(m, n), 3, Pit.access);
    store<u8>(channelAt(m, n), 3, Pit.mode);
    store<u8>(channelAt(m, n), n == 2 ? 0 : 1, Pit.gate);
  }
}
