// MC146818 real time clock and CMOS RAM (data sheet; the meaning of the RAM bytes is what SeaBIOS reads). The time is
// the host's, in UTC, plus an offset that the guest may set. All functions want the lock of the chips.

import { hostRealtime } from "../host";
import * as Machine from "../layout/machine";
import * as Rtc from "../layout/rtc";
import { daysOf, dateInto } from "./calendar";
import { guestNow, ticksAt, timeOfTick } from "./clock";
import { setIsaIrq } from "./irq";
import { pmAlarm } from "./pm";

const NEVER: u64 = u64.MAX_VALUE;
const TICK_HZ: u64 = 32768;
/** The chip announces an update 244 us ahead and takes 1984 us for it; the host's clock has ms. */
const UIP_MS: i64 = 998;

@inline
function get(m: usize, register: usize): u32 {
  return load<u8>(m + Machine.rtc + register);
}

@inline
function put(m: usize, register: usize, value: u32): void {
  store<u8>(m + Machine.rtc + register, <u8>value);
}

function hostMilliseconds(): i64 {
  return <i64>hostRealtime();
}

/** Seconds since 1970 that the clock shows. */
function clockSeconds(m: usize): i64 {
  return hostMilliseconds() / 1000 + load<i64>(m + Machine.rtc, Rtc.offset);
}

function encode(m: usize, value: u32): u32 {
  return get(m, Rtc.REG_B) & Rtc.B_BINARY ? value : ((value / 10) << 4) | (value % 10);
}

/** The value of a time register; bytes that are no BCD give some number below 166. */
function decode(m: usize, value: u32): u32 {
  return get(m, Rtc.REG_B) & Rtc.B_BINARY ? value : (value >> 4) * 10 + (value & 15);
}

function encodeHours(m: usize, hours: u32): u32 {
  if (get(m, Rtc.REG_B) & Rtc.B_24H) return encode(m, hours);
  return encode(m, ((hours + 11) % 12) + 1) | (hours >= 12 ? 0x80 : 0);
}

function decodeHours(m: usize, value: u32): u32 {
  if (get(m, Rtc.REG_B) & Rtc.B_24H) return decode(m, value);
  return (decode(m, value & 0x7f) % 12) + (value & 0x80 ? 12 : 0);
}

/** Writes a time into the registers. */
function fillRegisters(m: usize, seconds: i64): void {
  const days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
  const time = <u32>(seconds - days * 86400);
  const date = dateInto(days);
  const year = <u32>(date >> 16);
  put(m, Rtc.SECONDS, encode(m, time % 60));
  put(m, Rtc.MINUTES, encode(m, (time / 60) % 60));
  put(m, Rtc.HOURS, encodeHours(m, time / 3600));
  put(m, Rtc.WEEKDAY, encode(m, <u32>(((days % 7) + 11) % 7) + 1));
  put(m, Rtc.DAY, encode(m, (<u32>date) & 0xff));
  put(m, Rtc.MONTH, encode(m, (<u32>(date >> 8)) & 0xff));
  put(m, Rtc.YEAR, encode(m, year % 100));
  put(m, Rtc.CENTURY, encode(m, (year / 100) % 100));
}

/** The time that the registers show. */
function registersToSeconds(m: usize): i64 {
  const year = decode(m, get(m, Rtc.CENTURY)) * 100 + decode(m, get(m, Rtc.YEAR));
  const days = daysOf(year, decode(m, get(m, Rtc.MONTH)), decode(m, get(m, Rtc.DAY)));
  const hours = <i64>decodeHours(m, get(m, Rtc.HOURS));
  const minutes = <i64>decode(m, get(m, Rtc.MINUTES));
  return days * 86400 + hours * 3600 + minutes * 60 + <i64>decode(m, get(m, Rtc.SECONDS));
}

function setOffset(m: usize): void {
  store<i64>(m + Machine.rtc, registersToSeconds(m) - hostMilliseconds() / 1000, Rtc.offset);
}

@inline
function stopped(m: usize): bool {
  return (get(m, Rtc.REG_B) & Rtc.B_SET) != 0;
}

function isTime(register: u32): bool {
  return register <= <u32>Rtc.YEAR ? register > <u32>Rtc.HOURS_ALARM || (register & 1) == 0 : register == Rtc.CENTURY;
}

/** Sets flags of register C and IRQ 8 with them. */
function raise(m: usize, flags: u32): void {
  let c = get(m, Rtc.REG_C) | flags;
  if (c & get(m, Rtc.REG_B) & 0x70) c |= Rtc.C_IRQF;
  put(m, Rtc.REG_C, c);
  if (c & Rtc.C_IRQF) setIsaIrq(m, 8, true);
}

function periodTicks(m: usize): u64 {
  const a = get(m, Rtc.REG_A);
  let rate = a & 15;
  if (rate == 0 || (a & 0x70) != 0x20) return 0;
  if (rate <= 2) rate += 7;
  return (<u64>1) << (rate - 1);
}

/** Periodic flag: the tick after now, in phase with the divider chain. */
function schedulePeriodic(m: usize, now: u64): void {
  const period = periodTicks(m);
  const ticks = ticksAt(now, TICK_HZ);
  store<u64>(m + Machine.rtc, period == 0 ? NEVER : (ticks / period + 1) * period, Rtc.nextPeriodic);
}

/** A timer for the next second only while update or alarm interrupts are wanted. */
function scheduleSecond(m: usize, now: u64): void {
  let at = NEVER;
  if (get(m, Rtc.REG_B) & (Rtc.B_UIE | Rtc.B_AIE)) {
    const left = 1000 - (hostMilliseconds() % 1000);
    at = now + <u64>left * 1000000;
  }
  store<u64>(m + Machine.rtc, at, Rtc.nextSecond);
}

function matchesAlarm(m: usize, alarm: usize, shown: usize): bool {
  const value = get(m, alarm);
  return value >= 0xc0 || value == get(m, shown);
}

/** Derives update and alarm flags if a second has begun since they were derived last. */
function takeSecond(m: usize): void {
  const rtc = m + Machine.rtc;
  if (stopped(m)) return;
  const seconds = clockSeconds(m);
  if (seconds == load<i64>(rtc, Rtc.lastSecond)) return;
  store<i64>(rtc, seconds, Rtc.lastSecond);
  fillRegisters(m, seconds);
  const alarm =
    matchesAlarm(m, Rtc.SECONDS_ALARM, Rtc.SECONDS) &&
    matchesAlarm(m, Rtc.MINUTES_ALARM, Rtc.MINUTES) &&
    matchesAlarm(m, Rtc.HOURS_ALARM, Rtc.HOURS);
  raise(m, Rtc.C_UF | (alarm ? Rtc.C_AF : 0));
  if (alarm && get(m, Rtc.REG_B) & Rtc.B_AIE) pmAlarm(m);
}

function takePeriodic(m: usize, now: u64): void {
  if (ticksAt(now, TICK_HZ) < load<u64>(m + Machine.rtc, Rtc.nextPeriodic)) return;
  schedulePeriodic(m, now);
  raise(m, Rtc.C_PF);
}

function readC(m: usize): u32 {
  takeSecond(m);
  takePeriodic(m, guestNow(m));
  const c = get(m, Rtc.REG_C);
  put(m, Rtc.REG_C, 0);
  setIsaIrq(m, 8, false);
  return c;
}

function readRegister(m: usize, register: u32): u32 {
  if (register == Rtc.REG_C) return readC(m);
  if (register == Rtc.REG_A) {
    const updating = !stopped(m) && hostMilliseconds() % 1000 >= UIP_MS;
    return get(m, Rtc.REG_A) | (updating ? Rtc.A_UIP : 0);
  }
  if (isTime(register) && !stopped(m)) fillRegisters(m, clockSeconds(m));
  return get(m, register);
}

function writeB(m: usize, value: u32): void {
  const before = get(m, Rtc.REG_B);
  if (!stopped(m)) fillRegisters(m, clockSeconds(m));
  // SET stops updates and clears UIE (data sheet, register B).
  put(m, Rtc.REG_B, value & Rtc.B_SET ? value & ~Rtc.B_UIE : value);
  if (before & Rtc.B_SET && (value & Rtc.B_SET) == 0) setOffset(m);
  store<i64>(m + Machine.rtc, clockSeconds(m), Rtc.lastSecond);
  const now = guestNow(m);
  if ((before & Rtc.B_PIE) == 0 && value & Rtc.B_PIE) schedulePeriodic(m, now);
  scheduleSecond(m, now);
  if ((get(m, Rtc.REG_C) & value & 0x70) == 0) setIsaIrq(m, 8, false);
  raise(m, 0);
}

function writeRegister(m: usize, register: u32, value: u32): void {
  switch (register) {
    case Rtc.REG_A:
      put(m, Rtc.REG_A, value & 0x7f);
      schedulePeriodic(m, guestNow(m));
      return;
    case Rtc.REG_B:
      writeB(m, value);
      return;
    case Rtc.REG_C:
    case Rtc.REG_D:
      return;
    default:
      break;
  }
  if (!isTime(register)) {
    put(m, register, value);
    return;
  }
  if (!stopped(m)) fillRegisters(m, clockSeconds(m));
  put(m, register, value);
  if (!stopped(m)) setOffset(m);
}

/** Ports 70 and 71. */
export function rtcRead(m: usize, port: u32): u32 {
  return port & 1 ? readRegister(m, load<u8>(m + Machine.rtc, Rtc.index)) : 0xff;
}

export function rtcWrite(m: usize, port: u32, value: u32): void {
  if (port & 1) writeRegister(m, load<u8>(m + Machine.rtc, Rtc.index), value);
  else store<u8>(m + Machine.rtc, <u8>(value & 0x7f), Rtc.index);
}

export function rtcDeadline(m: usize): u64 {
  const rtc = m + Machine.rtc;
  const periodic = load<u64>(rtc, Rtc.nextPeriodic);
  const wanted = (get(m, Rtc.REG_B) & Rtc.B_PIE) != 0 && periodic != NEVER;
  return min(wanted ? timeOfTick(periodic, TICK_HZ) : NEVER, load<u64>(rtc, Rtc.nextSecond));
}

export function rtcFire(m: usize, now: u64): void {
  if (now < rtcDeadline(m)) return;
  if (get(m, Rtc.REG_B) & Rtc.B_PIE) takePeriodic(m, now);
  if (now < load<u64>(m + Machine.rtc, Rtc.nextSecond)) return;
  takeSecond(m);
  scheduleSecond(m, now);
}

function put16(m: usize, register: usize, value: u32): void {
  put(m, register, value & 0xff);
  put(m, register + 1, (value >> 8) & 0xff);
}

/** The bytes by which firmware learns the memory size (in the units named) and the number of CPUs. */
function fillMemorySizes(m: usize): void {
  const lowPages = load<u32>(m, Machine.lowRamEnd);
  const high = load<u32>(m, Machine.highRamEnd);
  const extendedKib = lowPages > 0x100 ? (lowPages - 0x100) << 2 : 0;
  const above16M = lowPages > 0x1000 ? (lowPages - 0x1000) >> 4 : 0;
  const above4G = high > 0x100000 ? (high - 0x100000) >> 4 : 0;
  put16(m, 0x15, 640);
  put16(m, 0x17, min<u32>(extendedKib, 0xffff));
  put16(m, 0x30, min<u32>(extendedKib, 0xffff));
  put16(m, 0x34, min<u32>(above16M, 0xffff));
  put16(m, 0x5b, above4G & 0xffff);
  put(m, 0x5d, (above4G >> 16) & 0xff);
  put(m, 0x5f, load<u32>(m, Machine.cpuCount) - 1);
}

export function rtcReset(m: usize): void {
  const rtc = m + Machine.rtc;
  memory.fill(rtc, 0, Rtc.SIZE);
  put(m, Rtc.REG_A, 0x26);
  put(m, Rtc.REG_B, Rtc.B_24H);
  put(m, Rtc.REG_D, 0x80);
  // Equipment: FPU and PS/2 mouse; no floppy drive.
  put(m, 0x14, 0x06);
  // Boot order for SeaBIOS: disk, then CD.
  put(m, 0x3d, 0x32);
  fillMemorySizes(m);
  fillRegisters(m, clockSeconds(m));
  store<i64>(rtc, clockSeconds(m), Rtc.lastSecond);
  store<u64>(rtc, NEVER, Rtc.nextSecond);
  schedulePeriodic(m, guestNow(m));
}
