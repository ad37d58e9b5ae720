// What TypeScript calls of the CPU and the platform (docs/internals.md).

import * as Cpu from "./layout/cpu";
import * as Machine from "./layout/machine";
import { flushTlb, resetTlb } from "./mem/tlb";
import { loadDirectoryPointers } from "./mem/walk";
import { guestNow } from "./platform/clock";
import { cpuAt } from "./platform/kick";
import { lapicInit } from "./platform/lapic";
import { platformInit, platformReset } from "./platform/reset";
import * as Record from "./layout/record";
import { runChecked } from "./jit/check";
import { compileOverdue, resetTranslator, translateBlock } from "./jit/translator";
import { flushCodeCache, resetCodeCache } from "./cpu/code_cache";
import { IF } from "./cpu/flags";
import { run } from "./cpu/generated/run";
import { updateMode } from "./cpu/mode";
import { RUN_EXIT_TRANSLATE } from "./cpu/poll";
import { cpuResetState } from "./cpu/reset";
import { machineOf } from "./cpu/state";

export { kickCpu } from "./platform/kick";
export { setIrqLine } from "./platform/irq";
export { raiseMsi } from "./platform/delivery";
export { clockPause, clockResume } from "./platform/kvmclock";
export { pressPowerButton, raiseGpe, wakeUp } from "./platform/pm";
export { requestTlbFlush, tlbFlushed } from "./platform/tlb_flush";

/** Entries of a block after which its region is translated: about what compiling it costs, in time of the interpreter. */
const HOT_ENTRIES = 4000;

/** Power-on state of CPU `index` of machine `m`: real mode, F000:FFF0; the first CPU runs, the others wait for SIPI. */
export function cpuInit(cpu: usize, m: usize, index: u32): void {
  store<u32>(cpu, <u32>m, Cpu.machine);
  store<u32>(cpu, index, Cpu.index);
  resetTlb(cpu);
  resetCodeCache(cpu);
  cpuSetTranslator(cpu, Cpu.JIT_ON);
  lapicInit(cpu);
  cpuResetState(cpu, index == 0);
}

/** A new machine, whose pointers and sizes (layout/machine.ts) are set: its CPUs and chips in their power-on state. */
export function machineInit(m: usize): void {
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) cpuInit(cpuAt(m, i), m, i);
  platformInit(m);
}

/** A reset: memory stays, CPUs and chips start over. No CPU runs meanwhile. */
export function machineReset(m: usize): void {
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) cpuResetState(cpuAt(m, i), i == 0);
  platformReset(m);
}

/** After TypeScript wrote registers: derives mode and privilege, forgets translations. */
export function cpuSync(cpu: usize): void {
  updateMode(cpu);
  flushTlb(cpu, false);
  loadDirectoryPointers(cpu, load<u64>(cpu, Cpu.cr3));
}

/** Runs about `instructions` instructions; returns a RUN_EXIT_ reason (cpu/poll.ts). */
export function cpuRun(cpu: usize, instructions: u32): i32 {
  if (load<u32>(cpu, Cpu.jitMode) == Cpu.JIT_CHECK) return runChecked(cpu, instructions);
  const end = load<u64>(cpu, Cpu.instructions) + instructions;
  while (true) {
    const done = load<u64>(cpu, Cpu.instructions);
    const reason = run(cpu, end > done ? end - done : 0, 0);
    if (reason != RUN_EXIT_TRANSLATE) {
      compileOverdue(cpu);
      return reason;
    }
    translateBlock(cpu, <usize>load<u32>(cpu, Cpu.hotHead));
  }
}

/** Whether and when code is translated: Cpu.JIT_. For blocks that are decoded from now on. */
export function cpuSetTranslator(cpu: usize, mode: u32): void {
  store<u32>(cpu, mode, Cpu.jitMode);
  store<i32>(cpu, mode == Cpu.JIT_OFF ? Record.CODE_NEVER : mode == Cpu.JIT_FORCE ? 0 : -HOT_ENTRIES, Cpu.hotStart);
  resetTranslator(cpu);
  flushCodeCache(cpu);
}

export { rewriteTranslation } from "./jit/translator";
export { checkedCall, jitCall } from "./jit/call";
export { jitAlignment, jitCold, jitCondition, jitEnd, jitRead, jitWrite } from "./jit/helpers";
export { jitString } from "./jit/string_helpers";
export { jitOrder, jitVector } from "./jit/vector_helpers";
export { interpret } from "./cpu/generated/run";
export { checkedCold, checkedEnd, checkedInterpret, checkedMisfit } from "./jit/check";
export {
  jitMisfit,
  jitX87Add,
  jitX87Compare,
  jitX87Div,
  jitX87Load,
  jitX87Mul,
  jitX87Root,
  jitX87Store,
  jitX87Widen,
} from "./jit/x87_helpers";

/** Milliseconds that the CPU may sleep in HLT: until its next timer, 0 when something waits already. */
export function cpuHaltTimeout(cpu: usize): f64 {
  if (atomic.load<i32>(cpu + Cpu.exitRequest) != 0) return 0;
  if (load<i32>(cpu, Cpu.intrPending) != 0 && (load<u32>(cpu, Cpu.eflags) & IF) != 0) return 0;
  const deadline = load<u64>(cpu, Cpu.nextTimer);
  const now = guestNow(machineOf(cpu));
  if (deadline <= now) return 0;
  // No timer: the largest value, which is centuries away.
  return <f64>(deadline - now) / 1000000.0;
}
