// Guest time: ns since the machine was made, common to all CPUs, standing still while the machine is paused. The TSC
// runs at 1 GHz, so that a tick is a ns; a CPU adds its own offset to it (writes to IA32_TSC and IA32_TSC_ADJUST).

import { hostNow } from "../host";
import * as Clock from "../layout/clock";
import * as Cpu from "../layout/cpu";
import * as Kvmclock from "../layout/kvmclock";
import * as Machine from "../layout/machine";

function hostNanoseconds(): u64 {
  return <u64>(<i64>(hostNow() * 1000000.0));
}

/** ns, growing with every call on whichever CPU (host clocks are coarse and need not agree), or constant while paused. */
export function guestNow(m: usize): u64 {
  const clock = m + Machine.clock;
  if (atomic.load<i32>(clock, Clock.paused) != 0) return atomic.load<u64>(clock, Clock.last);
  const host = hostNanoseconds() - atomic.load<u64>(clock, Clock.offset);
  while (true) {
    const last = atomic.load<u64>(clock, Clock.last);
    const now = <i64>host > <i64>last ? host : last + 1;
    if (atomic.cmpxchg<u64>(clock, last, now, Clock.last) == last) return now;
  }
}

export function clockInit(m: usize): void {
  const clock = m + Machine.clock;
  atomic.store<u64>(clock, hostNanoseconds(), Clock.offset);
  atomic.store<u64>(clock, 0, Clock.last);
  atomic.store<i32>(clock, 0, Clock.paused);
  store<u64>(clock, 0, Clock.anchor);
  store<u64>(clock, 0, Clock.wallClock);
}

/** Stops guest time. */
export function clockStop(m: usize): void {
  if (atomic.load<i32>(m + Machine.clock, Clock.paused) != 0) return;
  guestNow(m);
  atomic.store<i32>(m + Machine.clock, 1, Clock.paused);
}

/** Continues guest time where it stood; false if it was not paused. */
export function clockStart(m: usize): bool {
  const clock = m + Machine.clock;
  if (atomic.load<i32>(clock, Clock.paused) == 0) return false;
  atomic.store<u64>(clock, hostNanoseconds() - atomic.load<u64>(clock, Clock.last), Clock.offset);
  atomic.store<i32>(clock, 0, Clock.paused);
  return true;
}

export function tscNow(cpu: usize): u64 {
  return guestNow(<usize>load<u32>(cpu, Cpu.machine)) + tscOffset(cpu);
}

@inline
export function tscOffset(cpu: usize): u64 {
  return atomic.load<u64>(cpu + Cpu.kvmclock, Kvmclock.tscOffset);
}

/** Moves a CPU's TSC; IA32_TSC_ADJUST moves along (SDM vol. 3, 18.17.3). */
export function moveTsc(cpu: usize, by: u64): void {
  const state = cpu + Cpu.kvmclock;
  atomic.store<u64>(state, tscOffset(cpu) + by, Kvmclock.tscOffset);
  store<u64>(state, load<u64>(state, Kvmclock.tscAdjust) + by, Kvmclock.tscAdjust);
}

/** Sets the TSC of all CPUs to `value` at one instant and makes that instant the anchor of kvmclock. */
export function alignTsc(m: usize, value: u64): void {
  const now = guestNow(m);
  store<u64>(m + Machine.clock, now, Clock.anchor);
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) {
    const state = <usize>load<u32>(m, Machine.cpus) + <usize>i * Cpu.SIZE + Cpu.kvmclock;
    atomic.store<u64>(state, value - now, Kvmclock.tscOffset);
    store<u64>(state, 0, Kvmclock.tscAdjust);
  }
}

/** ticks of a counter of `hz` that have passed at guest time `ns`, without overflow for centuries. */
export function ticksAt(ns: u64, hz: u64): u64 {
  const seconds = ns / 1000000000;
  return seconds * hz + ((ns - seconds * 1000000000) * hz) / 1000000000;
}

/** First ns at which `ticks` of a counter of `hz` have passed. */
export function timeOfTick(ticks: u64, hz: u64): u64 {
  const seconds = ticks / hz;
  return seconds * 1000000000 + ((ticks - seconds * hz) * 1000000000 + hz - 1) / hz;
}
