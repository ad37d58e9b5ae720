// ACPI power management as on the PIIX4 (ACPI 6.4, 4.8.3), and the ways to reset a PC. All functions but those for any
// worker want the lock of the chips.

import * as Machine from "../layout/machine";
import * as Mailbox from "../layout/mailbox";
import * as Platform from "../layout/platform";
import * as Pm from "../layout/pm";
import { setA20 } from "./a20";
import { guestNow, ticksAt, timeOfTick } from "./clock";
import { setIsaIrq } from "./irq";
import { lockChips, requestEvent, unlockChips } from "./kick";

const NEVER: u64 = u64.MAX_VALUE;
/** Bit 23 of the counter changes every so many ticks and sets TMR_STS. */
const HALF_WRAP_SHIFT: u64 = 23;
const ENABLE_BITS: u32 = Pm.STS_TIMER | Pm.STS_GLOBAL | Pm.STS_POWER_BUTTON | Pm.STS_RTC;

@inline
function get(m: usize, field: usize): u32 {
  return load<u16>(m + Machine.pm + field);
}

@inline
function put(m: usize, field: usize, value: u32): void {
  store<u16>(m + Machine.pm + field, <u16>value);
}

function timerTicks(m: usize): u64 {
  return ticksAt(guestNow(m), Pm.TIMER_HZ);
}

/** Derives TMR_STS. */
function takeTimer(m: usize): void {
  const ticks = timerTicks(m);
  const seen = load<u64>(m + Machine.pm, Pm.timerSeen);
  store<u64>(m + Machine.pm, ticks, Pm.timerSeen);
  if (ticks >> HALF_WRAP_SHIFT != seen >> HALF_WRAP_SHIFT) put(m, Pm.status, get(m, Pm.status) | Pm.STS_TIMER);
}

/** The SCI is level-triggered. */
function updateSci(m: usize): void {
  const fixed = get(m, Pm.status) & get(m, Pm.enable) & ENABLE_BITS;
  const events = get(m, Pm.gpeStatus) & get(m, Pm.gpeEnable);
  const acpi = (get(m, Pm.control) & Pm.CNT_SCI_EN) != 0;
  setIsaIrq(m, Pm.SCI_IRQ, acpi && (fixed | events) != 0);
}

function writeControl(m: usize, value: u32): void {
  // SLP_EN reads as 0. The DSDT knows no sleep state but S5.
  put(m, Pm.control, value & ~Pm.CNT_SLP_EN);
  if (value & Pm.CNT_SLP_EN) requestEvent(m, Mailbox.EVENT_SHUTDOWN, 0);
  updateSci(m);
}

/** 16-bit registers by offset: reads. */
function readWord(m: usize, offset: u32): u32 {
  switch (offset) {
    case 0:
      takeTimer(m);
      return get(m, Pm.status);
    case 2:
      return get(m, Pm.enable);
    case 4:
      return get(m, Pm.control);
    default:
      return 0;
  }
}

function writeWord(m: usize, offset: u32, value: u32): void {
  switch (offset) {
    case 0:
      takeTimer(m);
      put(m, Pm.status, get(m, Pm.status) & ~value);
      updateSci(m);
      break;
    case 2:
      put(m, Pm.enable, value & ENABLE_BITS);
      updateSci(m);
      break;
    case 4:
      writeControl(m, value);
      break;
    default:
      break;
  }
}

/** Ports 600-60B, any size; `offset` is below 12. */
export function pmRead(m: usize, offset: u32): u32 {
  if (offset >= 8) return ((<u32>timerTicks(m)) & 0xffffff) >> ((offset - 8) << 3);
  const low = readWord(m, offset & ~1);
  const value = low | (readWord(m, (offset & ~1) + 2) << 16);
  return value >> ((offset & 1) << 3);
}

export function pmWrite(m: usize, offset: u32, size: u32, value: u32): void {
  if (offset >= 8) return;
  if (size == 1) {
    // A byte of a write-one-to-clear register leaves the other byte alone; of the others it keeps it.
    const shift = (offset & 1) << 3;
    const word = offset & ~1;
    const keep = word == 0 ? 0 : readWord(m, word) & ~(0xff << shift);
    writeWord(m, word, keep | ((value & 0xff) << shift));
    return;
  }
  if (offset & 1) return;
  writeWord(m, offset, value & 0xffff);
  if (size == 4) writeWord(m, offset + 2, value >> 16);
}

/** GPE0: two bytes of status, two of enable bits. */
export function gpeRead(m: usize, port: u32): u32 {
  const offset = port & 3;
  return (get(m, offset < 2 ? Pm.gpeStatus : Pm.gpeEnable) >> ((offset & 1) << 3)) & 0xff;
}

export function gpeWrite(m: usize, port: u32, value: u32): void {
  const offset = port & 3;
  const shift = (offset & 1) << 3;
  if (offset < 2) put(m, Pm.gpeStatus, get(m, Pm.gpeStatus) & ~((value & 0xff) << shift));
  else put(m, Pm.gpeEnable, (get(m, Pm.gpeEnable) & ~(0xff << shift)) | ((value & 0xff) << shift));
  if (get(m, Pm.gpeEnable) != 0) store<u8>(m + Machine.pm, 1, Pm.gpeSeen);
  updateSci(m);
}

/** Ports B2 and B3: there is no SMM, but the command that hands the registers to ACPI is answered. */
export function apmRead(m: usize, port: u32): u32 {
  return load<u8>(m + Machine.pm + (port & 1 ? Pm.apmStatus : Pm.apmControl));
}

export function apmWrite(m: usize, port: u32, value: u32): void {
  store<u8>(m + Machine.pm + (port & 1 ? Pm.apmStatus : Pm.apmControl), <u8>value);
  if (port & 1) return;
  const control = get(m, Pm.control);
  if (value == Pm.ACPI_ENABLE) put(m, Pm.control, control | Pm.CNT_SCI_EN);
  if (value == Pm.ACPI_DISABLE) put(m, Pm.control, control & ~Pm.CNT_SCI_EN);
  updateSci(m);
}

/** Port CF9: bit 2 rising resets, bit 1 would tell how hard. */
export function cf9Read(m: usize): u32 {
  return load<u8>(m + Machine.pm, Pm.cf9);
}

export function cf9Write(m: usize, value: u32): void {
  const before = cf9Read(m);
  store<u8>(m + Machine.pm, <u8>(value & 0x0e), Pm.cf9);
  if ((before & 4) == 0 && value & 4) requestEvent(m, Mailbox.EVENT_RESET, Platform.RESET_CF9);
}

/** Port 92: bit 0 rising resets, bit 1 is A20. */
export function port92Read(m: usize): u32 {
  return load<u8>(m + Machine.pm, Pm.port92);
}

export function port92Write(m: usize, value: u32): void {
  const before = port92Read(m);
  store<u8>(m + Machine.pm, <u8>(value & 3), Pm.port92);
  setA20(m, (value & 2) != 0);
  if ((before & 1) == 0 && value & 1) requestEvent(m, Mailbox.EVENT_RESET, Platform.RESET_PORT92);
}

/** The power button: any worker. */
export function pressPowerButton(m: usize): void {
  lockChips(m);
  put(m, Pm.status, get(m, Pm.status) | Pm.STS_POWER_BUTTON);
  updateSci(m);
  unlockChips(m);
}

/**
 * Wakes a guest that sleeps: any worker. There is no state of the chips to sleep in (S3), so this is suspend-to-idle, in
 * which the guest listens to what may wake it only: to the power button, and to none of the general-purpose events that it
 * has handled before. It takes the button for a wish to wake up then, not to power off. False: it does not sleep.
 */
export function wakeUp(m: usize): bool {
  lockChips(m);
  const sleeps =
    (get(m, Pm.control) & Pm.CNT_SCI_EN) != 0 &&
    (get(m, Pm.enable) & Pm.STS_POWER_BUTTON) != 0 &&
    get(m, Pm.gpeEnable) == 0 &&
    load<u8>(m + Machine.pm, Pm.gpeSeen) != 0;
  if (sleeps) {
    put(m, Pm.status, get(m, Pm.status) | Pm.STS_POWER_BUTTON);
    updateSci(m);
  }
  unlockChips(m);
  return sleeps;
}

/** The clock's alarm, which may wake a guest that sleeps. */
export function pmAlarm(m: usize): void {
  put(m, Pm.status, get(m, Pm.status) | Pm.STS_RTC);
  updateSci(m);
}

/** A general-purpose event (hot-plug): any worker. */
export function raiseGpe(m: usize, bit: u32): void {
  lockChips(m);
  if (bit < 16) put(m, Pm.gpeStatus, get(m, Pm.gpeStatus) | (1 << bit));
  updateSci(m);
  unlockChips(m);
}

/** A deadline only while the guest wants an interrupt when the counter wraps. */
export function pmDeadline(m: usize): u64 {
  if ((get(m, Pm.enable) & Pm.STS_TIMER) == 0 || (get(m, Pm.status) & Pm.STS_TIMER) != 0) return NEVER;
  const seen = load<u64>(m + Machine.pm, Pm.timerSeen);
  return timeOfTick(((seen >> HALF_WRAP_SHIFT) + 1) << HALF_WRAP_SHIFT, Pm.TIMER_HZ);
}

export function pmFire(m: usize, now: u64): void {
  if (now < pmDeadline(m)) return;
  takeTimer(m);
  updateSci(m);
}

export function pmReset(m: usize): void {
  memory.fill(m + Machine.pm, 0, Pm.SIZE);
  store<u8>(m + Machine.pm, 2, Pm.port92);
  store<u64>(m + Machine.pm, timerTicks(m), Pm.timerSeen);
}
