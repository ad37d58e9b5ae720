// Wakes CPUs and guards the chips that they share. Any worker may call.

import * as Cpu from "../layout/cpu";
import * as Machine from "../layout/machine";
import * as Platform from "../layout/platform";
import { acquire, release } from "../mem/pool";

/** Makes a CPU poll at its next block edge and wakes it from HLT. */
export function kickCpu(cpu: usize): void {
  atomic.store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
  atomic.add<i32>(cpu, 1, Cpu.wake);
  atomic.notify(cpu + Cpu.wake, -1);
}

@inline
export function cpuAt(m: usize, index: u32): usize {
  return <usize>load<u32>(m, Machine.cpus) + <usize>index * Cpu.SIZE;
}

@inline
export function lockChips(m: usize): void {
  acquire(m + Platform.lock);
}

@inline
export function unlockChips(m: usize): void {
  release(m + Platform.lock);
}

/** Asks for a Mailbox.EVENT_; the bus posts it when the lock is free. The first one stands. */
export function requestEvent(m: usize, event: i32, value: u32): void {
  if (atomic.load<i32>(m, Platform.event) != 0) return;
  store<u32>(m, value, Platform.eventValue);
  atomic.store<i32>(m, event, Platform.event);
}
