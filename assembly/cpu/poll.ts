// What a CPU looks at between blocks: requests from other threads, timers, interrupts.

import * as ByteRing from "../layout/byte_ring";
import * as Cpu from "../layout/cpu";
import * as Machine from "../layout/machine";
import * as MemoryMap from "../layout/memory_map";
import * as Profile from "../layout/profile";
import { flushTlb } from "../mem/tlb";
import { acknowledgeInterrupt } from "../platform/interrupts";
import { platformPoll } from "../platform/timers";
import { takeTlbFlush, tlbFlushTicket } from "../platform/tlb_flush";
import { flushCodeCache, invalidateCode } from "./code_cache";
import { deliverInterrupt, deliverNmi } from "./exceptions";
import { IF } from "./flags";
import { handleInit, handleSipi } from "./reset";
import { machineOf } from "./state";

/** Reasons for which cpuRun returns. */
export const RUN_EXIT_BUDGET: i32 = 0;
export const RUN_EXIT_HALTED: i32 = 1;
export const RUN_EXIT_STOPPED: i32 = 2;
export const RUN_EXIT_SHUTDOWN: i32 = 3;
/** Translator and interpreter differ; layout/check.ts has both states (jit/check.ts). */
export const RUN_EXIT_DIFFERS: i32 = 5;
/** Never seen outside the module: Cpu.hotHead is to be translated, or the batch to be compiled if it is 0. */
export const RUN_EXIT_TRANSLATE: i32 = 100;

/**
 * Instructions between two looks at the clock: as many as take ABOUT_NS to twice that, since a timer's interrupt waits for
 * the next look. A host that takes the processor away only makes them fewer for a while.
 */
const INTERVAL_MIN: u32 = 1024;
const INTERVAL_MAX: u32 = 32768;
const ABOUT_NS: u64 = 20000;

/** Between blocks, with Cpu.rip up to date. Returns -1 to go on, else a reason to leave the run loop. */
export function poll(cpu: usize): i32 {
  const asked = load<i32>(cpu, Cpu.exitRequest) != 0;
  const before = load<u64>(cpu, Cpu.polledAt);
  // First, since it clears exitRequest, which announces everything below.
  platformPoll(cpu);
  if (!asked) {
    noteSample(cpu);
    adaptInterval(cpu, load<u64>(cpu, Cpu.polledAt) - before);
  }
  store<u64>(cpu, load<u64>(cpu, Cpu.instructions), Cpu.polledInstructions);
  const m = machineOf(cpu);
  // Before the invalidations, which may have been posted for it.
  const ticket = tlbFlushTicket(m);
  takeCodeInvalidations(cpu, m);
  takeTlbFlush(cpu, m, ticket);
  if (atomic.load<i32>(m + Machine.control) != Machine.CONTROL_RUN) return RUN_EXIT_STOPPED;
  if (load<i32>(cpu, Cpu.initRequest) != 0) handleInit(cpu);
  if (load<i32>(cpu, Cpu.sipiRequest) != 0) handleSipi(cpu);
  const state = load<u32>(cpu, Cpu.runState);
  if (state == Cpu.RUN_SHUTDOWN) return RUN_EXIT_SHUTDOWN;
  if (state == Cpu.RUN_WAIT_SIPI) return RUN_EXIT_HALTED;
  if (load<u32>(cpu, Cpu.shadow) == 0) takeInterrupt(cpu);
  return load<u32>(cpu, Cpu.runState) == Cpu.RUN_HALTED ? RUN_EXIT_HALTED : -1;
}

/** After an interval that took `ns`. What was cut short says nothing. */
function adaptInterval(cpu: usize, ns: u64): void {
  const interval = load<u32>(cpu, Cpu.pollInterval);
  if (load<u64>(cpu, Cpu.instructions) - load<u64>(cpu, Cpu.polledInstructions) < <u64>(interval >> 1)) return;
  if (ns > 2 * ABOUT_NS) store<u32>(cpu, max(interval >> 1, INTERVAL_MIN), Cpu.pollInterval);
  else if (ns < ABOUT_NS) store<u32>(cpu, min(interval << 1, INTERVAL_MAX), Cpu.pollInterval);
}

/** Where the guest is after so many instructions: what tools make a profile of. */
function noteSample(cpu: usize): void {
  const profile = cpu + Cpu.jit;
  const n = load<u32>(profile, Profile.sampleCount);
  store<u64>(profile + Profile.samples + ((<usize>(n & (Profile.SAMPLES - 1))) << 3), load<u64>(cpu, Cpu.rip));
  store<u32>(profile, n + 1, Profile.sampleCount);
}

function takeInterrupt(cpu: usize): void {
  if (load<i32>(cpu, Cpu.nmiPending) != 0 && load<u32>(cpu, Cpu.nmiBlocked) == 0) {
    atomic.sub<i32>(cpu, 1, Cpu.nmiPending);
    store<u32>(cpu, Cpu.RUN_RUNNING, Cpu.runState);
    deliverNmi(cpu);
    return;
  }
  if (load<i32>(cpu, Cpu.intrPending) == 0 || !(load<u32>(cpu, Cpu.eflags) & IF)) return;
  const vector = acknowledgeInterrupt(cpu);
  if (vector < 0) return;
  store<u32>(cpu, Cpu.RUN_RUNNING, Cpu.runState);
  deliverInterrupt(cpu, vector);
}

/** Devices wrote over decoded code: their ring names the host pages. */
function takeCodeInvalidations(cpu: usize, m: usize): void {
  const ring = m + Machine.codeRing + <usize>load<u32>(cpu, Cpu.index) * Machine.CODE_RING_SIZE;
  const capacity = load<u32>(ring, ByteRing.capacity);
  let head = load<u32>(ring, ByteRing.head);
  while (head != atomic.load<u32>(ring + ByteRing.tail)) {
    const slot = ring + ByteRing.data + <usize>(head & (capacity - 1));
    const page = atomic.xchg<u32>(slot, 0);
    // A producer has reserved the slot but not filled it yet: it raises exitRequest when it has.
    if (page == 0 && load<i32>(cpu, Cpu.codeFlush) == 0) break;
    if (page != 0) invalidateCode(cpu, (<usize>page) << MemoryMap.PAGE_SHIFT);
    head += 4;
  }
  atomic.store<u32>(ring + ByteRing.head, head);
  if (load<i32>(cpu, Cpu.codeFlush) == 0) return;
  atomic.store<i32>(cpu + Cpu.codeFlush, 0);
  flushCodeCache(cpu);
}
