// Time and pending words of a CPU, brought up to date between blocks of instructions.

import * as Cpu from "../layout/cpu";
import * as Platform from "../layout/platform";
import { guestNow } from "./clock";
import { hpetDeadline, hpetFire } from "./hpet";
import { i8042Update, i8042Waits } from "./i8042";
import { linesChanged, takeLines } from "./irq";
import { cpuAt, kickCpu, lockChips, unlockChips } from "./kick";
import { takePosted, updatePending } from "./lapic";
import { fireTimer, updateNextTimer } from "./lapic_timer";
import { pitDeadline, pitFire } from "./pit";
import { pmDeadline, pmFire } from "./pm";
import { rtcDeadline, rtcFire } from "./rtc";
import { uartDeadline, uartFire, uartReceive, uartWaits } from "./uart";

/** The earliest deadline of the shared chips; wants the lock. */
export function updateDeviceTimer(m: usize): void {
  const clocks = min(min(pitDeadline(m), rtcDeadline(m)), hpetDeadline(m));
  const next = min(clocks, min(uartDeadline(m), pmDeadline(m)));
  atomic.store<u64>(m, next, Platform.deviceTimer);
}

/** After an access of `cpu` to a chip: if the earliest deadline has moved, CPU 0 must know. */
export function deviceTimerChanged(cpu: usize, m: usize, before: u64): void {
  if (atomic.load<u64>(m, Platform.deviceTimer) == before) return;
  if (load<u32>(cpu, Cpu.index) == 0) updateNextTimer(cpu);
  else kickCpu(cpuAt(m, 0));
}

function fireDevices(m: usize, now: u64): void {
  pitFire(m, now);
  hpetFire(m, now);
  rtcFire(m, now);
  uartFire(m, now);
  pmFire(m, now);
}

/** The part of CPU 0: timers of the shared chips, lines and bytes from devices and host. */
function pollChips(m: usize, now: u64): void {
  const due = now >= atomic.load<u64>(m, Platform.deviceTimer);
  if (!due && !linesChanged(m) && !uartWaits(m) && !i8042Waits(m)) return;
  lockChips(m);
  takeLines(m);
  uartReceive(m);
  i8042Update(m);
  if (due) fireDevices(m, now);
  updateDeviceTimer(m);
  unlockChips(m);
}

/**
 * Called by the run loop when Cpu.exitRequest is set and every few thousand instructions. Clears Cpu.exitRequest first,
 * so the caller looks at the other words that are announced by it (INIT, SIPI, flushes, control) after this.
 */
export function platformPoll(cpu: usize): void {
  atomic.store<i32>(cpu, 0, Cpu.exitRequest);
  const m = <usize>load<u32>(cpu, Cpu.machine);
  const now = guestNow(m);
  store<u64>(cpu, now, Cpu.polledAt);
  if (load<u32>(cpu, Cpu.index) == 0) pollChips(m, now);
  fireTimer(cpu, now);
  takePosted(cpu);
  updateNextTimer(cpu);
  updatePending(cpu);
}
