// The mode JIT_CHECK: what a translation does is compared with what the interpreter does, instruction by instruction if
// need be. Both run on copies of the registers and of the pages that they touch (mem/copies.ts), one after the other, from
// the same beginning and for as many instructions as the translation executes by itself: until somebody must do something
// that cannot be done twice (EFFECT_APART, faults, devices), or STRETCH. If they agree, the interpreter does the work, in
// guest memory and with the devices looking on. So a wrong translation never harms the guest, and other threads may write
// to its memory at any time.
//
// Translations of this mode count their instructions (jit/steps.ts), so that they can be stopped in front of each of them.

import { jumpKey, findBlock, findBlockSlow, rememberTranslation, startShadow } from "../cpu/code_cache";
import { ARITHMETIC, getFlags, settleFlags } from "../cpu/flags";
import { EFFECT_APART } from "../cpu/generated/kinds";
import * as Ops from "../cpu/generated/ops";
import { interpret, run } from "../cpu/generated/run";
import { RUN_EXIT_DIFFERS, RUN_EXIT_TRANSLATE } from "../cpu/poll";
import { FROM_FAULT, GO_ON, IN_PLACE, LEFT, OUTERMOST } from "../cpu/region_exit";
import { faulted, ripOf } from "../cpu/state";
import { noteUse } from "../cpu/translations";
import * as Check from "../layout/check";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Jit from "../layout/jit";
import * as Record from "../layout/record";
import { copiesAgree, forgetCopies, useCopies } from "../mem/copies";
import { jitCold, jitEnd } from "./helpers";
import { EXIT_INTERPRET } from "./locals";
import { kindOf } from "./region";
import { compileOverdue, translateBlock } from "./translator";
import { jitMisfit } from "./x87_helpers";

/** Instructions that are compared at a time, at the most. */
const STRETCH: i32 = 250;
/** A translation is compared the first ALWAYS times that it is come to, and then every RARELY-th time: else a boot takes ten minutes. */
const ALWAYS: u32 = 100;
const RARELY: i32 = 200;
/** More than any stretch needs. */
const FUEL: i32 = 0x10000000;
/** Levels of nesting that a translation may use: the interpreter is below it. */
const DEPTH: u32 = Jit.CALL_DEPTH - 40;

/** As cpuRun, with every translation compared; RUN_EXIT_DIFFERS leaves both states in layout/check.ts. */
export function runChecked(cpu: usize, instructions: u32): i32 {
  const end = load<u64>(cpu, Cpu.instructions) + instructions;
  let checked: u64 = 0;
  let first: u32 = 0;
  while (true) {
    const done = load<u64>(cpu, Cpu.instructions);
    const reason = run(cpu, end > done ? end - done : 0, first);
    if (reason != RUN_EXIT_TRANSLATE) {
      compileOverdue(cpu);
      return reason;
    }
    const head = <usize>load<u32>(cpu, Cpu.hotHead);
    const slot = load<u32>(head, Record.headChecked);
    first = 0;
    if (slot == 0) translateBlock(cpu, head);
    else {
      const now = load<u64>(cpu, Cpu.instructions);
      if (now >= checked && canCopy(cpu)) {
        countStop(cpu, head, slot);
        const agreed = compare(cpu, slot);
        if (agreed < 0) return RUN_EXIT_DIFFERS;
        checked = now + agreed;
      }
      first = FROM_FAULT;
    }
  }
}

/** The run loop stops at a translation every time at first, later every RARELY-th time. */
function countStop(cpu: usize, head: usize, slot: u32): void {
  noteUse(cpu + Cpu.jit, slot);
  const stops = cpu + Cpu.jit + Jit.slots + <usize>slot * Jit.SLOT_SIZE + Jit.slotStops;
  const n = load<u32>(stops) + 1;
  store<u32>(stops, n);
  if (n > ALWAYS) store<i32>(head, -RARELY, Record.headCode);
}

/** Breakpoints, alignment checks and interrupt shadows are the interpreter's own. */
function canCopy(cpu: usize): bool {
  return load<u32>(cpu, Cpu.slow) == 0 && load<u32>(cpu, Cpu.shadow) == 0;
}

/** How many instructions from Cpu.rip on the translation and the interpreter agree on; -1 = they do not. */
function compare(cpu: usize, slot: u32): i32 {
  begin(cpu);
  const agreed = agreedOn(cpu, slot, STRETCH);
  if (agreed < 0) narrow(cpu, slot);
  end(cpu);
  return agreed;
}

function begin(cpu: usize): void {
  memory.copy(cpu + Check.before, cpu, Check.REGISTERS);
  store<u32>(cpu, load<u32>(cpu, Cpu.cpl), Check.before + Check.cpl);
  store<u32>(cpu, getFlags(cpu), Check.before + Check.flags);
  store<u32>(cpu, load<u32>(cpu, Cpu.tlb), Check.tlb);
  store<u32>(cpu, load<u32>(cpu, Cpu.mode), Check.mode);
  store<u64>(cpu, load<u64>(cpu, Cpu.instructions), Check.instructions);
  store<u32>(cpu, 0, Check.pages);
  store<u32>(cpu, 0, Check.entries);
}

/** The registers as they were. */
function restore(cpu: usize): void {
  memory.copy(cpu, cpu + Check.before, Check.REGISTERS);
  store<u32>(cpu, load<u32>(cpu, Check.before + Check.cpl), Cpu.cpl);
  store<u32>(cpu, load<u32>(cpu, Check.mode), Cpu.mode);
  store<u32>(cpu, load<u32>(cpu, Check.tlb), Cpu.tlb);
  store<u64>(cpu, load<u64>(cpu, Check.instructions), Cpu.instructions);
  store<i32>(cpu, -1, Cpu.excVector);
  store<u32>(cpu, 0, Cpu.shadow);
}

function end(cpu: usize): void {
  forgetCopies(cpu);
  restore(cpu);
  // Somebody may have asked for attention meanwhile, and was not heard.
  atomic.store<i32>(cpu + Cpu.exitRequest, Cpu.REQUESTED);
}

/** Goes back to the beginning, with copies that nobody has written to. */
function startAgain(cpu: usize, copies: usize, steps: i32): void {
  restore(cpu);
  useCopies(cpu, copies);
  store<u32>(cpu, Cpu.SLOW_COPIES, Cpu.slow);
  store<u32>(cpu, <u32>(cpu + Cpu.emptyTlb), Cpu.tlb);
  store<i32>(cpu, steps, Check.steps);
  store<u32>(cpu, 0, Check.stopped);
  store<i32>(cpu, 0, Cpu.exitRequest);
  refuel(cpu);
}

/** Makes the count of instructions hold whatever comes. */
function refuel(cpu: usize): void {
  const done = load<u64>(cpu, Cpu.instructions);
  store<i32>(cpu, FUEL, Cpu.fuel);
  store<u64>(cpu, done + FUEL, Cpu.limit);
  store<u64>(cpu, done, Cpu.translatedFrom);
}

/** Keeps what the registers are now. */
function keep(cpu: usize, after: usize): void {
  settleFlags(cpu);
  memory.copy(cpu + after, cpu, Check.REGISTERS);
  store<u32>(cpu + after, getFlags(cpu), Check.flags);
  store<u32>(cpu + after, load<u32>(cpu, Cpu.cpl), Check.cpl);
}

/** Instructions, at most `steps`, after which both have the same state; -1 = they have not. */
function agreedOn(cpu: usize, slot: u32, steps: i32): i32 {
  translate(cpu, slot, steps);
  const done = steps - load<i32>(cpu, Check.steps);
  const ignored: u32 = load<u32>(cpu, Check.stopped) & Check.STOPPED_FLAGS_DEAD ? ARITHMETIC : 0;
  return interpreted(cpu, done) && agree(cpu, ignored) ? done : -1;
}

/** Runs the translation. */
function translate(cpu: usize, slot: u32, steps: i32): void {
  startAgain(cpu, Check.translated, steps);
  store<u32>(cpu, jumpKey(cpu), Cpu.jitKey);
  const left = call_indirect<i64>(slot, cpu, load<u64>(cpu, Cpu.rip), DEPTH);
  if (left != LEFT) store<u64>(cpu, left, Cpu.rip);
  keep(cpu, Check.afterTranslation);
}

/** Runs the interpreter for so many instructions; false if it cannot execute them. */
function interpreted(cpu: usize, steps: i32): bool {
  startAgain(cpu, Check.interpreted, steps);
  store<u32>(cpu, 0, Check.traced);
  while (steps > 0 && step(cpu) >= 0) steps--;
  keep(cpu, Check.afterInterpreter);
  return steps == 0;
}

/**
 * Executes the instruction at Cpu.rip alone; returns its operation, -1 if it has raised an exception or cannot be executed
 * on copies.
 */
function step(cpu: usize): i32 {
  const rip = load<u64>(cpu, Cpu.rip);
  startShadow(cpu, Cpu.SHADOW_STI);
  let rec = findBlockSlow(cpu);
  if (rec != 0 && load<u16>(rec, Record.op) == Ops.FENCE) rec += Record.SIZE;
  const op = rec == 0 ? -1 : <i32>load<u16>(rec, Record.op);
  if (op >= 0 && !isApart(op)) {
    const n = load<u32>(cpu, Check.traced);
    store<u64>(cpu + Check.trace + ((<usize>(n & (Check.TRACE_LENGTH - 1))) << 3), rip);
    store<u32>(cpu, n + 1, Check.traced);
    refuel(cpu);
    interpret(cpu, rip, OUTERMOST | FROM_FAULT);
  }
  store<u32>(cpu, 0, Cpu.shadow);
  store<i32>(cpu, 0, Cpu.exitRequest);
  return faulted(cpu) || isApart(op) ? -1 : op;
}

/** Whether an instruction reaches beyond registers and memory, or has another result at the next time. */
function isApart(op: i32): bool {
  return op <= Ops.UNDEFINED || (load<u8>(kindOf(op), 7) & (<u8>EFFECT_APART)) != 0;
}

function agree(cpu: usize, ignoredFlags: u32): bool {
  const flags = load<u32>(cpu, Check.afterTranslation + Check.flags);
  if (((flags ^ load<u32>(cpu, Check.afterInterpreter + Check.flags)) & ~ignoredFlags) != 0) return false;
  if (!sameRegisters(cpu) || !same(cpu, Cpu.rip, 8) || !same(cpu, Check.cpl, 4)) return false;
  // Segments and system registers; a fault that ended the stretch has left its mark in CR2.
  if (!same(cpu, Cpu.seg, Cpu.cr2 - Cpu.seg) || !same(cpu, Cpu.cr3, Cpu.slow - Cpu.cr3)) return false;
  if (!same(cpu, Cpu.xmm, 16 * Cpu.XMM_SIZE) || !same(cpu, Cpu.fcw, Cpu.sseTrap - Cpu.fcw)) return false;
  for (let n: usize = 0; n < 8; n++) if (!same(cpu, Cpu.fpr + n * Cpu.FPR_SIZE, 10)) return false;
  return copiesAgree(cpu);
}

/** In 32-bit code the upper halves of the general registers are undefined. */
function sameRegisters(cpu: usize): bool {
  if ((load<u32>(cpu, Check.mode) & Record.MODE_SIZE) == Record.MODE_64) return same(cpu, Cpu.gpr, 128);
  for (let n: usize = 0; n < 8; n++) if (!same(cpu, Cpu.gpr + n * 8, 4)) return false;
  return true;
}

function same(cpu: usize, offset: usize, length: usize): bool {
  return memory.compare(cpu + Check.afterTranslation + offset, cpu + Check.afterInterpreter + offset, length) == 0;
}

/** Finds the first instruction after which they differ, and leaves the states before it and after it. */
function narrow(cpu: usize, slot: u32): void {
  let agreed = 0;
  let differs = STRETCH;
  while (differs - agreed > 1) {
    const middle = (agreed + differs) >> 1;
    if (agreedOn(cpu, slot, middle) >= 0) agreed = middle;
    else differs = middle;
  }
  const upTo = agreedOn(cpu, slot, agreed);
  memory.copy(cpu + Check.lastAgreed, cpu + Check.afterInterpreter, Check.STATE_SIZE);
  agreedOn(cpu, slot, differs);
  store<u32>(cpu, load<u32>(cpu, Check.traced) - upTo, Check.suspects);
}

// What translations of this mode import in place of interpret, jitCold, jitEnd and jitMisfit.

/** What has no translation is interpreted, as long as that can be done on copies. */
export function checkedInterpret(cpu: usize, rip: u64, what: u32): i64 {
  store<u64>(cpu, rip, Cpu.rip);
  if (load<u32>(cpu, Check.stopped) != 0) return LEFT;
  if (what & FROM_FAULT) {
    // The instruction was counted and not executed.
    countSteps(cpu, -1);
    return LEFT;
  }
  store<i32>(cpu, 0, Cpu.exitRequest);
  let inside = 0;
  while (load<i32>(cpu, Check.steps) > 0) {
    if (inside == 0 && (what & IN_PLACE) != 0 && isTranslated(cpu)) return GO_ON;
    const op = step(cpu);
    if (op < 0) break;
    countSteps(cpu, 1);
    if (op == Ops.CALL || op == Ops.CALL_RM) inside++;
    else if (op == Ops.RET) {
      if (inside == 0) return <i64>load<u64>(cpu, Cpu.rip);
      inside--;
    }
  }
  return LEFT;
}

function countSteps(cpu: usize, done: i32): void {
  store<i32>(cpu, load<i32>(cpu, Check.steps) - done, Check.steps);
}

/** Whether there is a translation at Cpu.rip, which the jump cache has then. */
function isTranslated(cpu: usize): bool {
  const rec = findBlock(cpu);
  if (rec == 0 || rec == cpu + Cpu.scratchRecords) return false;
  const slot = load<u32>(rec - Record.HEAD_SIZE, Record.headChecked);
  if (slot == 0) return false;
  store<u32>(cpu, jumpKey(cpu), Cpu.jitKey);
  rememberTranslation(cpu, load<u64>(cpu, Cpu.rip), slot);
  return true;
}

export function checkedCold(cpu: usize, rec: usize, op: i32): i32 {
  if (!isApart(op)) return jitCold(cpu, rec, op);
  store<i32>(cpu, Exception.REFUSED, Cpu.excVector);
  return 0;
}

export function checkedEnd(cpu: usize, rec: usize, what: i32): i32 {
  if (!isApart(what & 0xffff)) return jitEnd(cpu, rec, what);
  store<u64>(cpu, ripOf(cpu, rec), Cpu.rip);
  return EXIT_INTERPRET;
}

export function checkedMisfit(cpu: usize, head: usize): i32 {
  const how = jitMisfit(cpu, head);
  // It would come here again and again.
  if (how == EXIT_INTERPRET) store<u32>(cpu, Check.STOPPED, Check.stopped);
  return how;
}
