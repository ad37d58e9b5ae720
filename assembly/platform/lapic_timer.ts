// The timer of a local APIC: one-shot, periodic, TSC deadline (SDM vol. 3, 11.5.4). Its clock ticks every ns.

import * as Cpu from "../layout/cpu";
import * as Lapic from "../layout/lapic";
import * as Machine from "../layout/machine";
import * as Platform from "../layout/platform";
import { guestNow, tscOffset } from "./clock";
import { raiseLocal } from "./lapic";

function divisor(lapic: usize): u64 {
  const value = load<u32>(lapic, Lapic.TIMER_DIVIDE);
  const shift = ((value & 3) | ((value & 8) >> 1)) + 1;
  return (<u64>1) << (shift & 7);
}

@inline
function timerMode(lapic: usize): u32 {
  return load<u32>(lapic, Lapic.LVT_TIMER) & Lapic.TIMER_MODE;
}

/** The earliest deadline of this CPU and, on CPU 0, of the shared chips, into Cpu.nextTimer. */
export function updateNextTimer(cpu: usize): void {
  let next = load<u64>(cpu, Cpu.lapic + Lapic.timerDeadline);
  if (load<u32>(cpu, Cpu.index) == 0) {
    const m = <usize>load<u32>(cpu, Cpu.machine);
    next = min(next, atomic.load<u64>(m, Platform.deviceTimer));
  }
  store<u64>(cpu, next, Cpu.nextTimer);
}

function arm(cpu: usize, now: u64, deadline: u64): void {
  store<u64>(cpu, deadline, Cpu.lapic + Lapic.timerDeadline);
  updateNextTimer(cpu);
  if (deadline <= now) atomic.store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
}

function disarm(cpu: usize): void {
  arm(cpu, 0, u64.MAX_VALUE);
}

/** A write to the initial count starts the timer, 0 stops it. */
export function writeInitialCount(cpu: usize, count: u32): void {
  const lapic = cpu + Cpu.lapic;
  if (timerMode(lapic) == Lapic.TIMER_TSC_DEADLINE) return;
  store<u32>(lapic, count, Lapic.TIMER_INITIAL);
  const period = <u64>count * divisor(lapic);
  store<u64>(lapic, period, Lapic.timerPeriod);
  if (count == 0) {
    disarm(cpu);
    return;
  }
  const now = guestNow(<usize>load<u32>(cpu, Cpu.machine));
  arm(cpu, now, now + period);
}

export function readCurrentCount(cpu: usize): u32 {
  const lapic = cpu + Cpu.lapic;
  const deadline = load<u64>(lapic, Lapic.timerDeadline);
  if (deadline == u64.MAX_VALUE || timerMode(lapic) == Lapic.TIMER_TSC_DEADLINE) return 0;
  const now = guestNow(<usize>load<u32>(cpu, Cpu.machine));
  if (now < deadline) return <u32>((deadline - now) / divisor(lapic));
  const period = load<u64>(lapic, Lapic.timerPeriod);
  if (timerMode(lapic) != Lapic.TIMER_PERIODIC || period == 0) return 0;
  return <u32>((period - ((now - deadline) % period)) / divisor(lapic));
}

/** A new divisor scales what is left of the count. */
export function writeDivide(cpu: usize, value: u32): void {
  const lapic = cpu + Cpu.lapic;
  const left = readCurrentCount(cpu);
  store<u32>(lapic, value & 11, Lapic.TIMER_DIVIDE);
  if (load<u64>(lapic, Lapic.timerDeadline) == u64.MAX_VALUE) return;
  if (timerMode(lapic) == Lapic.TIMER_TSC_DEADLINE) return;
  store<u64>(lapic, <u64>load<u32>(lapic, Lapic.TIMER_INITIAL) * divisor(lapic), Lapic.timerPeriod);
  const now = guestNow(<usize>load<u32>(cpu, Cpu.machine));
  arm(cpu, now, now + <u64>left * divisor(lapic));
}

/** Going to or from TSC-deadline mode disarms the timer (SDM 11.5.4.1). */
export function changeTimerMode(cpu: usize, before: u32, after: u32): void {
  if (((before ^ after) & Lapic.TIMER_TSC_DEADLINE) == 0) return;
  store<u32>(cpu, 0, Cpu.lapic + Lapic.TIMER_INITIAL);
  store<u64>(cpu, 0, Cpu.tscDeadline);
  disarm(cpu);
}

/** IA32_TSC_DEADLINE; ignored and 0 in the other modes. */
export function writeTscDeadline(cpu: usize, deadline: u64): void {
  if (timerMode(cpu + Cpu.lapic) != Lapic.TIMER_TSC_DEADLINE) return;
  store<u64>(cpu, deadline, Cpu.tscDeadline);
  rearmTscDeadline(cpu);
}

/** The TSC has moved or the deadline is new. */
export function rearmTscDeadline(cpu: usize): void {
  if (timerMode(cpu + Cpu.lapic) != Lapic.TIMER_TSC_DEADLINE) return;
  const deadline = load<u64>(cpu, Cpu.tscDeadline);
  if (deadline == 0) {
    disarm(cpu);
    return;
  }
  const now = guestNow(<usize>load<u32>(cpu, Cpu.machine));
  const tsc = now + tscOffset(cpu);
  const left = deadline > tsc ? deadline - tsc : 0;
  const at = now + left;
  arm(cpu, now, at < now ? u64.MAX_VALUE - 1 : at);
}

/** Fires the timer if it is due. Periodic ticks that were missed become one; the next keeps the old phase. */
export function fireTimer(cpu: usize, now: u64): void {
  const lapic = cpu + Cpu.lapic;
  const deadline = load<u64>(lapic, Lapic.timerDeadline);
  if (now < deadline) return;
  const period = load<u64>(lapic, Lapic.timerPeriod);
  if (timerMode(lapic) == Lapic.TIMER_PERIODIC && period != 0) {
    store<u64>(lapic, deadline + ((now - deadline) / period + 1) * period, Lapic.timerDeadline);
  } else {
    store<u64>(lapic, u64.MAX_VALUE, Lapic.timerDeadline);
    store<u64>(cpu, 0, Cpu.tscDeadline);
  }
  const entry = load<u32>(lapic, Lapic.LVT_TIMER);
  if ((entry & Lapic.LVT_MASKED) == 0) raiseLocal(cpu, entry & 0xff);
}

/** Nothing is armed on any CPU nor in any chip. */
export function disarmMachine(m: usize): void {
  atomic.store<u64>(m, u64.MAX_VALUE, Platform.deviceTimer);
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) {
    store<u64>(<usize>load<u32>(m, Machine.cpus) + <usize>i * Cpu.SIZE, u64.MAX_VALUE, Cpu.nextTimer);
  }
}
