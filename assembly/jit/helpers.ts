// What translated code calls: the slow half of memory accesses, the interpreter's handlers.

import * as Cpu from "../layout/cpu";
import { readSlow, translateOrHit } from "../cpu/access";
import { jumpKey } from "../cpu/code_cache";
import { arithmeticFlags, condition, settleFlags } from "../cpu/flags";
import { runCold, runEnd, runFpu } from "../cpu/generated/cold";
import * as Ops from "../cpu/generated/ops";
import { reachesOver } from "../cpu/operand";
import { clac, stac } from "../cpu/ops/system";
import { cplOf, nextRipOf, ripOf } from "../cpu/state";
import { fpuReady, sseReady } from "../cpu/units";
import { rangeHasCode } from "../mem/code_marks";
import { END_GOES_ON, EXIT_INTERPRET, EXIT_LOOKUP, EXIT_RESUME, EXIT_SHADOW, SLOW_RUN } from "./locals";
import { ACCESS_WRITE, dataSet } from "../mem/walk";

/**
 * What a slow access answers: also in memory, where translated code takes it from (translate/operand.ts callSlowAccess). Whose
 * fault it is of several instructions, and where, is found out by the interpreter.
 */
@inline
function answer(cpu: usize, host: usize, what: u32): usize {
  store<u32>(cpu, <u32>host, Cpu.slowHost);
  if (host == 0 && (what & SLOW_RUN) != 0) store<i32>(cpu, -1, Cpu.excVector);
  return host;
}

/**
 * Host address to read from, maybe of a copy; `what` is the size in bytes, from bit 8 on the page offset of the
 * instruction, and SLOW_RUN. 0 = leave the region: a fault was raised, or the interpreter shall do this instruction, since accesses are
 * looked at one by one (Cpu.slow), or this one goes over the end of a 32-bit address space. `tag` of the TLB entry is nothing
 * that is of use here; but the engine would load a value twice that is used in a comparison only.
 */
export function jitRead(cpu: usize, la: u64, tag: u64, what: u32): usize {
  store<u32>(cpu, (what >> 8) & 0xfff, Cpu.leftAt);
  const size = what & 0xff;
  if ((load<u32>(cpu, Cpu.slow) & Cpu.SLOW_OBSERVED) != 0 || reachesOver(cpu, la, size)) return 0;
  return answer(cpu, readSlow(cpu, la, size, dataSet(cpu)), what);
}

/**
 * Host address to write to; `what` as above. 0 = leave the region: a fault was raised, or the interpreter shall do this
 * instruction, for the same reason or since it crosses a page, writes to MMIO or writes over code.
 */
export function jitWrite(cpu: usize, la: u64, tag: u64, what: u32): usize {
  store<u32>(cpu, (what >> 8) & 0xfff, Cpu.leftAt);
  const size = what & 0xff;
  if (((<u32>la) & 4095) + size > 4096 || (load<u32>(cpu, Cpu.slow) & Cpu.SLOW_OBSERVED) != 0) return 0;
  const host = translateOrHit(cpu, la, ACCESS_WRITE, dataSet(cpu));
  return host != 0 && rangeHasCode(host, size) ? 0 : answer(cpu, host, what);
}

/** Executes an instruction by its handler; 0 = a fault was raised. */
export function jitCold(cpu: usize, rec: usize, op: i32): i32 {
  settleFlags(cpu);
  if (op >= Ops.FIRST_MMX) {
    if (load<u32>(cpu, Cpu.fpuTrap) != 0 && !fpuReady(cpu, op)) return 0;
    if (op >= Ops.FIRST_FPU) return <i32>runFpu(cpu, rec, op);
  } else if (op >= Ops.FIRST_SSE && load<u32>(cpu, Cpu.sseTrap) != 0 && !sseReady(cpu)) return 0;
  const done = runCold(cpu, rec, op);
  // It may have written over code: of a region that waits for this one to return, too.
  store<u32>(cpu, jumpKey(cpu), Cpu.jitKey);
  return <i32>done;
}

/**
 * Executes an instruction that ends its block; returns how the region is left (jit/locals.ts EXIT_). `what` is its
 * operation, with END_GOES_ON if the next instruction follows at once.
 */
export function jitEnd(cpu: usize, rec: usize, what: i32): i32 {
  const op = what & ~END_GOES_ON;
  const next = nextRipOf(cpu, rec);
  settleFlags(cpu);
  store<u64>(cpu, next, Cpu.rip);
  if (!runEnd(cpu, rec, op)) {
    store<u64>(cpu, ripOf(cpu, rec), Cpu.rip);
    return EXIT_INTERPRET;
  }
  if (load<i32>(cpu, Cpu.intrPending) != 0) store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
  // The key tells of another mode, privilege or mapping, and of code that was written over.
  const key = jumpKey(cpu);
  const same = load<u64>(cpu, Cpu.rip) == next && key == load<u32>(cpu, Cpu.jitKey);
  store<u32>(cpu, key, Cpu.jitKey);
  endShadow(cpu, what);
  if (load<u32>(cpu, Cpu.shadow) != 0) return EXIT_SHADOW;
  return same && load<i32>(cpu, Cpu.exitRequest) == 0 ? EXIT_RESUME : EXIT_LOOKUP;
}

/** STI lets no interrupt in before the next instruction has been executed: if that follows at once, none can come. */
function endShadow(cpu: usize, what: i32): void {
  if (load<u32>(cpu, Cpu.shadow) != Cpu.SHADOW_STI || (what & END_GOES_ON) == 0) return;
  if (load<i32>(cpu, Cpu.exitRequest) == 0) store<u32>(cpu, 0, Cpu.shadow);
}

/** CLAC and STAC, which select the TLB; 1 = not at this privilege. */
export function jitAlignment(cpu: usize, rec: usize, set: i32): i32 {
  if (cplOf(cpu) != 0) return 1;
  return <i32>!(set != 0 ? stac(cpu, rec) : clac(cpu, rec));
}

/** Whether a condition, by its code, is met; code 16: the six arithmetic flags. */
export function jitCondition(cpu: usize, code: u32): i32 {
  settleFlags(cpu);
  return code < 16 ? <i32>condition(cpu, code) : <i32>arithmeticFlags(cpu);
}
