// The run loop. tools/isa/generate.mjs fills in the cases of the instruction table and writes generated/run.ts.
//
// `rec` walks through the records of a block. A case ends with `continue` when the instruction is done, and with `break`
// when the straight line ends: `exit` then says how (0: an exception has been raised).
import * as Counters from "../../layout/counters";
import * as Cpu from "../../layout/cpu";
import * as Exception from "../../layout/exception";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import { commitModify, modifyHost, orderMemory, readHost, storeLinear } from "../access";
import { findBlock, jumpKey, mayBeLinked, rememberTranslation } from "../code_cache";
import { AFTER_SHADOW, afterSingle, beforeSingle } from "../debug";
import { deliverPending } from "../exceptions";
import { getBelow, getLess, getOf, getPf, getSf, getZf, settleFlags } from "../flags";
import { ea, imm, reg, regSet, rmHost, rmReg, setReg, setRmReg, stackOperandFault } from "../operand";
import { cutTarget } from "../ops/branch";
import { RUN_EXIT_BUDGET, RUN_EXIT_TRANSLATE, poll } from "../poll";
import { DEPTH_MASK, FROM_FAULT, GO_ON, IN_PLACE, LEFT, OUTERMOST } from "../region_exit";
import { isCanonical } from "../../mem/walk";
import { drop, push, stackHost } from "../stack";
import { checkCodeLimit, nextRipOf, protection, raise, ripOf } from "../state";
import { noteUse } from "../translations";
import { fpuReady, sseReady, unimplemented } from "../units";
import { runCold, runEnd, runFpu } from "./cold";
import * as Ops from "./ops";
//@IMPORTS

/**
 * Records are aligned, so this changes nothing, but the engine sees that the upper half of `rec` is zero: it need not cut it for
 * every instruction.
 */
const RECORD_MASK: usize = ~15;

/** An exception was raised: deliver it. */
const FAULT = 0;
/** A direct branch was taken; the record has its target. */
const BRANCH = 1;
/** Cpu.rip has the next instruction's address. */
const LOOKUP = 2;
/** The same, and the record itself was not an instruction. */
const REWIND = 3;
/** As LOOKUP, behind a RET. */
const RETURN = 4;

/** Pushes the return address of a call. */
@inline
function pushReturn(cpu: usize, rec: usize): bool {
  const next = nextRipOf(cpu, rec);
  const size = <u32>load<u8>(rec, Record.reg);
  if (size == 3) return push<u64>(cpu, next);
  return size == 2 ? push<u32>(cpu, <u32>next) : push<u16>(cpu, <u16>next);
}

/** A direct call. */
function callDirect(cpu: usize, rec: usize): bool {
  if (load<u8>(rec, Record.reg) == 3) return pushReturn(cpu, rec);
  return callNarrow(cpu, rec, branchTarget(cpu, rec));
}

/** Pushes the return address, then checks the target, as processors do. */
function callNarrow(cpu: usize, rec: usize, target: u64): bool {
  const rsp = load<u64>(cpu, Cpu.rsp);
  if (!pushReturn(cpu, rec)) return false;
  if (checkCodeLimit(cpu, target)) return true;
  store<u64>(cpu, rsp, Cpu.rsp);
  return false;
}

/** RET with an operand of 16 or 32 bits. */
function returnNarrow(cpu: usize, rec: usize, size: u32): bool {
  const host = size == 2 ? stackHost<u32>(cpu, 0) : stackHost<u16>(cpu, 0);
  if (host == 0) return false;
  const target = size == 2 ? <u64>load<u32>(host) : <u64>load<u16>(host);
  if (!checkCodeLimit(cpu, target)) return false;
  store<u64>(cpu, target, Cpu.rip);
  drop(cpu, (size == 2 ? 4 : 2) + <u64>load<u32>(rec, Record.imm));
  return true;
}

/** Reads the target of an indirect branch into `Cpu.rip`; false = fault. */
@inline
function readTarget(cpu: usize, rec: usize): bool {
  const size = <u32>load<u8>(rec, Record.reg);
  if (size == 3) {
    const host = rmHost<u64>(cpu, rec);
    if (host == 0) return false;
    const target = load<u64>(host);
    if (!isCanonical(target)) return protection(cpu, 0);
    store<u64>(cpu, target, Cpu.rip);
    return true;
  }
  return readTargetNarrow(cpu, rec, size) && checkCodeLimit(cpu, load<u64>(cpu, Cpu.rip));
}

function readTargetNarrow(cpu: usize, rec: usize, size: u32): bool {
  const host = size == 2 ? rmHost<u32>(cpu, rec) : rmHost<u16>(cpu, rec);
  if (host == 0) return false;
  store<u64>(cpu, size == 2 ? <u64>load<u32>(host) : <u64>load<u16>(host), Cpu.rip);
  return true;
}

/** An indirect call: reads the target, pushes the return address, then checks the target, as processors do. */
function callIndirect(cpu: usize, rec: usize): bool {
  const size = <u32>load<u8>(rec, Record.reg);
  if (size != 3) return readTargetNarrow(cpu, rec, size) && callNarrow(cpu, rec, load<u64>(cpu, Cpu.rip));
  const host = rmHost<u64>(cpu, rec);
  if (host == 0) return false;
  const target = load<u64>(host);
  if (!push<u64>(cpu, nextRipOf(cpu, rec))) return false;
  store<u64>(cpu, target, Cpu.rip);
  if (isCanonical(target)) return true;
  store<u64>(cpu, load<u64>(cpu, Cpu.rsp) + 8, Cpu.rsp);
  return protection(cpu, 0);
}

/** Address that a direct branch goes to: a 16-bit operand size cuts it. */
@inline
function branchTarget(cpu: usize, rec: usize): u64 {
  const target = load<u64>(cpu, Cpu.codePage) + <u64>(<i64>load<i32>(rec, Record.imm));
  return cutTarget(target, load<u8>(rec, Record.reg));
}

/** A target in the same page can be linked to (mayBeLinked): it lives exactly as long, and is mapped wherever the branch is. */
@inline
function canLink(cpu: usize, from: usize): bool {
  return (
    <u32>load<i32>(from, Record.imm) < 4096 &&
    load<u8>(from, Record.reg) != 1 &&
    from >= cpu + Cpu.decodeCache &&
    load<u16>(from, Record.op) != Ops.REDECODE
  );
}

/** Counts an entry of the block whose first record is `rec`; returns its headCode (layout/record.ts). */
@inline
function countEntry(rec: usize): i32 {
  const code = load<i32>(rec - Record.HEAD_SIZE, Record.headCode);
  if (code < 0) store<i32>(rec - Record.HEAD_SIZE, code + 1, Record.headCode);
  return code;
}

/** Makes ready for the translation of the block at Cpu.rip, which others may jump to directly from now on. */
function enterTranslation(cpu: usize, rec: usize, executed: u64): void {
  const counters = cpu + Cpu.counters;
  store<u64>(counters, load<u64>(counters, Counters.translationsEntered) + 1, Counters.translationsEntered);
  goBack(cpu, executed);
  const slot = load<u32>(rec - Record.HEAD_SIZE, Record.headCode);
  rememberTranslation(cpu, load<u64>(cpu, Cpu.rip), slot);
  noteUse(cpu + Cpu.jit, slot);
}

/** Translated code is executed next. */
function goBack(cpu: usize, executed: u64): void {
  store<u32>(cpu, jumpKey(cpu), Cpu.jitKey);
  store<i32>(cpu, <i32>(load<u64>(cpu, Cpu.limit) - executed), Cpu.fuel);
  store<u64>(cpu, executed, Cpu.translatedFrom);
}

/** Translated code was executed last: counts its instructions, returns how many were executed in all. */
function comeFrom(cpu: usize): u64 {
  settleFlags(cpu);
  const executed = load<u64>(cpu, Cpu.limit) - <u64>(<i64>load<i32>(cpu, Cpu.fuel));
  const counters = cpu + Cpu.counters;
  const done = executed - load<u64>(cpu, Cpu.translatedFrom);
  store<u64>(counters, load<u64>(counters, Counters.inTranslations) + done, Counters.inTranslations);
  return executed;
}

/** All regions are left, and the run loop, with a RUN_EXIT_ reason. */
function leaveAll(cpu: usize, reason: i32): i64 {
  store<i32>(cpu, reason, Cpu.runExit);
  return LEFT;
}

/** Polls; a RUN_EXIT_ reason to leave the run loop, below 0 to go on for as long as Cpu.limit says. */
function pollAt(cpu: usize, executed: u64): i32 {
  store<u64>(cpu, executed, Cpu.instructions);
  // Nothing that comes from outside gets in while code runs on copies.
  if (load<u32>(cpu, Cpu.slow) & Cpu.SLOW_COPIES) return RUN_EXIT_BUDGET;
  const reason = poll(cpu);
  const end = load<u64>(cpu, Cpu.budgetEnd);
  if (reason >= 0) return reason;
  if (executed >= end) return RUN_EXIT_BUDGET;
  store<u64>(cpu, min<u64>(end, executed + <u64>load<u32>(cpu, Cpu.pollInterval)), Cpu.limit);
  return -1;
}

/**
 * After a translation left before an instruction: true if the interpreter shall execute it. Faults are found again by it,
 * which knows their finer points; only a page fault has been raised with all of them.
 */
function takeFault(cpu: usize, executed: u64): bool {
  store<u64>(cpu, executed, Cpu.instructions);
  if (load<i32>(cpu, Cpu.excVector) == Exception.PF) {
    deliverPending(cpu);
    return false;
  }
  store<i32>(cpu, -1, Cpu.excVector);
  return true;
}

/**
 * Runs about `budget` instructions. Returns a RUN_EXIT_ reason with all state in the CPU's memory. `first` is FROM_FAULT to
 * execute the first block whether it is to be translated or not, else 0.
 */
export function run(cpu: usize, budget: u64, first: u32): i32 {
  const executed = load<u64>(cpu, Cpu.instructions);
  store<u64>(cpu, executed + budget, Cpu.budgetEnd);
  store<u64>(cpu, executed, Cpu.limit);
  store<u64>(cpu, executed, Cpu.translatedFrom);
  store<i32>(cpu, 0, Cpu.fuel);
  store<i32>(cpu, -1, Cpu.runExit);
  interpret(cpu, load<u64>(cpu, Cpu.rip), OUTERMOST | first | Jit.CALL_DEPTH);
  return load<i32>(cpu, Cpu.runExit);
}

/** How many levels of nesting the interpreter counts for, with the helper that calls it: its own frame has 136 to 272 bytes. */
const FRAME: u32 = 2;
/** What the outermost interpreter counts from: no RET leads out of it. */
const UNCOUNTED: i32 = 0x40000000;

/**
 * Interprets from `rip` on and enters translations as they come. Outermost it is the run loop. A region calls it like the
 * translation of what has none, so that its own callers need not be left: then it ends with the RET that leads back, or
 * with GO_ON as soon as a translation can take over. `what`: nesting depth and how it is called (region_exit.ts).
 * Returns what a region returns, with all state in the CPU's memory.
 */
export function interpret(cpu: usize, rip: u64, what: u32): i64 {
  store<u64>(cpu, rip, Cpu.rip);
  let executed = comeFrom(cpu);
  let limit = load<u64>(cpu, Cpu.limit);
  // Calls that have been made here, and not returned from.
  let inside = (what & OUTERMOST) != 0 ? UNCOUNTED : 0;
  let from: usize = 0;
  let rec: usize = 0;
  let start: usize = 0;
  let exit = LOOKUP;
  let single = 0;
  // Set after a translation left before an instruction that it does not do itself, which may be in the shadow of an STI.
  let asked = (what & FROM_FAULT) != 0 && takeFault(cpu, executed);
  // Set by an indirect jump: the translator wants to know where they lead.
  let jumped = false;
  while (true) {
    // Between blocks: Cpu.rip is up to date.
    if (single != 0) {
      afterSingle(cpu, single);
      single = 0;
    }
    if (!asked && (executed >= limit || load<i32>(cpu, Cpu.exitRequest) != 0)) {
      const reason = pollAt(cpu, executed);
      if (reason >= 0) return leaveAll(cpu, reason);
      limit = load<u64>(cpu, Cpu.limit);
      from = 0;
    }
    const flushes = load<u32>(cpu + Cpu.counters, Counters.decodeFlushes);
    rec = findBlock(cpu) & RECORD_MASK;
    if (rec == 0) {
      deliverPending(cpu);
      from = 0;
      continue;
    }
    if (jumped) {
      if (rec >= cpu + Cpu.decodeCache) store<u8>(rec - Record.HEAD_SIZE, 1, Record.headJumpedTo);
      jumped = false;
    }
    if (rec == cpu + Cpu.scratchRecords) {
      single = beforeSingle(cpu);
      if (single < 0) {
        single = 0;
        deliverPending(cpu);
        from = 0;
        continue;
      }
    } else if (!asked) {
      const code = countEntry(rec);
      if (code > 0) {
        enterTranslation(cpu, rec, executed);
        if (inside == 0 && (what & IN_PLACE) != 0) return GO_ON;
        if ((what & DEPTH_MASK) < FRAME) return LEFT;
        const left = call_indirect<i64>(code, cpu, load<u64>(cpu, Cpu.rip), (what & DEPTH_MASK) - FRAME);
        if (left == LEFT) {
          if ((what & OUTERMOST) == 0 || load<i32>(cpu, Cpu.runExit) >= 0) return LEFT;
        } else if (inside == 0) return left;
        else {
          inside--;
          store<u64>(cpu, <u64>left, Cpu.rip);
        }
        executed = comeFrom(cpu);
        limit = load<u64>(cpu, Cpu.limit);
        from = 0;
        continue;
      }
      if (code == 0) {
        store<u32>(cpu, <u32>(rec - Record.HEAD_SIZE), Cpu.hotHead);
        store<u64>(cpu, executed, Cpu.instructions);
        return leaveAll(cpu, RUN_EXIT_TRANSLATE);
      }
    }
    asked = false;
    start = rec;
    if (from != 0) {
      if (
        single == 0 &&
        load<u32>(cpu + Cpu.counters, Counters.decodeFlushes) == flushes &&
        rec >= cpu + Cpu.decodeCache &&
        mayBeLinked(rec) &&
        canLink(cpu, from)
      ) {
        store<u32>(from, <u32>rec, Record.disp);
      }
      from = 0;
    }
    while (true) {
      exit = FAULT;
      const op = <i32>load<u16>(rec);
      switch (op) {
        case 0: {
          // END
          store<u64>(cpu, load<u64>(cpu, Cpu.codePage) + <u64>load<u32>(rec, Record.imm), Cpu.rip);
          exit = REWIND;
          break;
        }
        case 1: {
          // REDECODE
          store<u64>(cpu, ripOf(cpu, rec), Cpu.rip);
          exit = REWIND;
          break;
        }
        case 2: {
          // FENCE
          orderMemory(cpu);
          rec += Record.SIZE;
          continue;
        }
        case 3: {
          // UNDEFINED
          if (load<i32>(rec, Record.imm) != 0) raise(cpu, Exception.GP, 0);
          else unimplemented(cpu, rec);
          break;
        }
        //@SPECIAL_CASES
        //@HOT_CASES
        default: {
          if (op >= Ops.FIRST_END) {
            store<u64>(cpu, nextRipOf(cpu, rec), Cpu.rip);
            store<u64>(cpu, executed + <u64>((rec - start) >> 4), Cpu.instructions);
            if (!runEnd(cpu, rec, op)) break;
            if (load<i32>(cpu, Cpu.intrPending) != 0) store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
            exit = LOOKUP;
            break;
          }
          if (op >= Ops.FIRST_SSE) {
            if (op >= Ops.FIRST_MMX) {
              if (load<u32>(cpu, Cpu.fpuTrap) != 0 && !fpuReady(cpu, op)) break;
            } else if (load<u32>(cpu, Cpu.sseTrap) != 0 && !sseReady(cpu)) break;
          }
          if (!(op >= Ops.FIRST_FPU ? runFpu(cpu, rec, op) : runCold(cpu, rec, op))) break;
          rec += Record.SIZE;
          continue;
        }
      }
      // A branch that is linked has been there before.
      if (exit == BRANCH && load<i32>(rec, Record.disp) == 0 && !checkCodeLimit(cpu, branchTarget(cpu, rec)))
        exit = FAULT;
      if (exit == BRANCH) {
        executed += <u64>((rec - start) >> 4) + 1;
        const link = <usize>load<u32>(rec, Record.disp);
        if (link != 0 && executed < limit && load<i32>(cpu, Cpu.exitRequest) == 0 && countEntry(link) < 0) {
          rec = link;
          start = link;
          continue;
        }
        store<u64>(cpu, branchTarget(cpu, rec), Cpu.rip);
        from = link == 0 ? rec : 0;
        break;
      }
      if (exit == FAULT) {
        executed += <u64>((rec - start) >> 4);
        store<u64>(cpu, ripOf(cpu, rec), Cpu.rip);
        store<u64>(cpu, executed, Cpu.instructions);
        if (single != 0) single &= AFTER_SHADOW;
        stackOperandFault(cpu, rec);
        deliverPending(cpu);
        break;
      }
      executed += <u64>((rec - start) >> 4) + (exit != REWIND ? 1 : 0);
      if (exit == RETURN) {
        if (inside != 0) inside--;
        else if (single == 0) {
          goBack(cpu, executed);
          return <i64>load<u64>(cpu, Cpu.rip);
        }
      }
      break;
    }
  }
}
