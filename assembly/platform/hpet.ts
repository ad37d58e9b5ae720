// The HPET (IA-PC HPET Specification 1.0a): a counter of 100 MHz and three timers that compare with it. Nothing ticks: the
// counter is guest time. No table tells guests of it, as they have better clocks; programs that know where a PC has it
// find it there. All functions want the lock of the chips.

import * as Hpet from "../layout/hpet";
import * as Machine from "../layout/machine";
import { guestNow } from "./clock";
import { ioapicSetPin } from "./ioapic";
import { driveIsaIrq } from "./irq";

const NEVER: u64 = u64.MAX_VALUE;
const TICK_NS: u64 = 10;
/** What periods there may be: an interrupt every 10 us. */
const PERIOD_MIN: u64 = 1000;

const CAPABILITIES = 0x00;
const CONFIGURATION = 0x10;
const STATUS = 0x20;
const COUNTER = 0xf0;
const TIMER_0: u32 = 0x100;
/** Intel's, revision 1: three timers, 64 bits, legacy replacement. */
const IDENTITY: u64 = ((<u64>Hpet.PERIOD_FS) << 32) | 0x8086a201;
const TIMER_WRITABLE: u64 =
  Hpet.TIMER_LEVEL |
  Hpet.TIMER_ENABLED |
  Hpet.TIMER_PERIODIC |
  Hpet.TIMER_SET |
  Hpet.TIMER_32_BITS |
  (31 << Hpet.TIMER_ROUTE_SHIFT);

@inline
function timerAt(m: usize, n: u32): usize {
  return m + Machine.hpet + Hpet.timers + <usize>n * Hpet.TIMER_SIZE;
}

@inline
function has(m: usize, bit: u64): bool {
  return (load<u64>(m + Machine.hpet, Hpet.config) & bit) != 0;
}

@inline
function ticksNow(m: usize): u64 {
  return guestNow(m) / TICK_NS;
}

function counterAt(m: usize, ticks: u64): u64 {
  const value = load<u64>(m + Machine.hpet, Hpet.counter);
  return has(m, Hpet.CONFIG_ENABLED) ? value + ticks : value;
}

/** Finds the guest tick at which a timer matches: when the counter gets there, or comes round. */
function schedule(m: usize, timer: usize, ticks: u64): void {
  const config = load<u64>(timer, Hpet.timerConfig);
  let next = NEVER;
  if (has(m, Hpet.CONFIG_ENABLED) && (config & Hpet.TIMER_ENABLED) != 0) {
    let distance = load<u64>(timer, Hpet.comparator) - counterAt(m, ticks);
    if (config & Hpet.TIMER_32_BITS) distance &= 0xffffffff;
    next = ticks + distance < ticks ? NEVER : ticks + distance;
  }
  store<u64>(timer, next, Hpet.next);
}

function scheduleAll(m: usize): void {
  const ticks = ticksNow(m);
  for (let n: u32 = 0; n < <u32>Hpet.TIMERS; n++) schedule(m, timerAt(m, n), ticks);
}

/** Drives the line of a timer: IRQ 0 or 8 in place of the older chips, or the pin that it is routed to. */
function drive(m: usize, n: u32, level: bool): void {
  if (has(m, Hpet.CONFIG_LEGACY) && n < 2) {
    driveIsaIrq(m, n << 3, level);
    return;
  }
  const pin = (<u32>(load<u64>(timerAt(m, n)) >> Hpet.TIMER_ROUTE_SHIFT)) & 31;
  if ((Hpet.ROUTES >> pin) & 1) ioapicSetPin(m, pin, level);
}

function interrupt(m: usize, n: u32): void {
  if (load<u64>(timerAt(m, n)) & Hpet.TIMER_LEVEL) {
    const hpet = m + Machine.hpet;
    store<u32>(hpet, load<u32>(hpet, Hpet.status) | (1 << n), Hpet.status);
    drive(m, n, true);
    return;
  }
  drive(m, n, false);
  drive(m, n, true);
}

/** Lowers the lines of level-triggered timers whose bits are written with 1. */
function acknowledge(m: usize, bits: u32): void {
  const hpet = m + Machine.hpet;
  bits &= load<u32>(hpet, Hpet.status);
  store<u32>(hpet, load<u32>(hpet, Hpet.status) & ~bits, Hpet.status);
  for (let n: u32 = 0; n < <u32>Hpet.TIMERS; n++) if ((bits >> n) & 1) drive(m, n, false);
}

/** A timer has matched: a periodic one goes on behind the counter, without what it has missed. */
function advance(m: usize, timer: usize, ticks: u64): void {
  const period = load<u64>(timer, Hpet.period);
  const config = load<u64>(timer, Hpet.timerConfig);
  const wrap: u64 = config & Hpet.TIMER_32_BITS ? 0x100000000 : 0;
  if ((config & Hpet.TIMER_PERIODIC) == 0 || period == 0) {
    store<u64>(timer, wrap == 0 ? NEVER : load<u64>(timer, Hpet.next) + wrap, Hpet.next);
    return;
  }
  const gone = ticks - load<u64>(timer, Hpet.next);
  const step = (gone / period + 1) * period;
  let comparator = load<u64>(timer, Hpet.comparator) + step;
  if (wrap != 0) comparator &= 0xffffffff;
  store<u64>(timer, comparator, Hpet.comparator);
  store<u64>(timer, load<u64>(timer, Hpet.next) + step, Hpet.next);
}

/** ns at which a timer wants attention. */
export function hpetDeadline(m: usize): u64 {
  let next = NEVER;
  for (let n: u32 = 0; n < <u32>Hpet.TIMERS; n++) next = min(next, load<u64>(timerAt(m, n), Hpet.next));
  return next > NEVER / TICK_NS ? NEVER : next * TICK_NS;
}

export function hpetFire(m: usize, now: u64): void {
  const ticks = now / TICK_NS;
  for (let n: u32 = 0; n < <u32>Hpet.TIMERS; n++) {
    const timer = timerAt(m, n);
    if (ticks < load<u64>(timer, Hpet.next)) continue;
    advance(m, timer, ticks);
    interrupt(m, n);
  }
}

function readRegister(m: usize, register: u32): u64 {
  const hpet = m + Machine.hpet;
  if (register == CAPABILITIES) return IDENTITY;
  if (register == CONFIGURATION) return load<u64>(hpet, Hpet.config);
  if (register == STATUS) return load<u32>(hpet, Hpet.status);
  if (register == COUNTER) return counterAt(m, ticksNow(m));
  const n = (register - TIMER_0) >> 5;
  if (register < TIMER_0 || n >= <u32>Hpet.TIMERS) return 0;
  const timer = timerAt(m, n);
  if ((register & 31) == 0) {
    const fixed: u64 = ((<u64>Hpet.ROUTES) << 32) | Hpet.TIMER_CAPABILITIES;
    return (load<u64>(timer, Hpet.timerConfig) & ~(<u64>Hpet.TIMER_SET)) | fixed;
  }
  return (register & 31) == 8 ? load<u64>(timer, Hpet.comparator) : 0;
}

/** Starts and stops the counter, which keeps its value. */
function writeConfiguration(m: usize, value: u64): void {
  const hpet = m + Machine.hpet;
  const ticks = ticksNow(m);
  const count = counterAt(m, ticks);
  store<u64>(hpet, value & (Hpet.CONFIG_ENABLED | Hpet.CONFIG_LEGACY), Hpet.config);
  store<u64>(hpet, has(m, Hpet.CONFIG_ENABLED) ? count - ticks : count, Hpet.counter);
  scheduleAll(m);
}

function writeComparator(timer: usize, value: u64): void {
  const config = load<u64>(timer, Hpet.timerConfig);
  if (config & Hpet.TIMER_32_BITS) value &= 0xffffffff;
  const periodic = (config & Hpet.TIMER_PERIODIC) != 0;
  if (!periodic || (config & Hpet.TIMER_SET) != 0) store<u64>(timer, value, Hpet.comparator);
  store<u64>(timer, periodic ? max(value, PERIOD_MIN) : 0, Hpet.period);
  store<u64>(timer, config & ~(<u64>Hpet.TIMER_SET), Hpet.timerConfig);
}

function writeTimer(m: usize, register: u32, value: u64): void {
  const n = (register - TIMER_0) >> 5;
  if (register < TIMER_0 || n >= <u32>Hpet.TIMERS) return;
  const timer = timerAt(m, n);
  if ((register & 31) == 0) store<u64>(timer, value & TIMER_WRITABLE, Hpet.timerConfig);
  else if ((register & 31) == 8) writeComparator(timer, value);
  schedule(m, timer, ticksNow(m));
}

/** A read of up to 8 bytes that does not leave its register. */
export function hpetRead(m: usize, offset: u32): u64 {
  return readRegister(m, offset & ~7) >> ((offset & 7) << 3);
}

/** A write; `written` has ones where bytes of the register are written, which `value` has in their place. */
export function hpetWrite(m: usize, register: u32, value: u64, written: u64): void {
  if (register == STATUS) {
    acknowledge(m, <u32>(value & written));
    return;
  }
  const whole = (readRegister(m, register) & ~written) | (value & written);
  if (register == CONFIGURATION) writeConfiguration(m, whole);
  else if (register != COUNTER) writeTimer(m, register, whole);
  // The counter can be set only while it stands still.
  else if (!has(m, Hpet.CONFIG_ENABLED)) store<u64>(m + Machine.hpet, whole, Hpet.counter);
}

export function hpetReset(m: usize): void {
  memory.fill(m + Machine.hpet, 0, Hpet.SIZE);
  for (let n: u32 = 0; n < <u32>Hpet.TIMERS; n++) {
    store<u64>(timerAt(m, n), NEVER, Hpet.comparator);
    store<u64>(timerAt(m, n), NEVER, Hpet.next);
  }
}
