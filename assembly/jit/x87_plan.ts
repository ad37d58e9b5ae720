// What is known of the x87 stack while a region is translated: TOP and which registers are empty, at every instruction. They
// are those of the CPU when the region is translated, and the region looks at its beginning whether they are again, with all
// exceptions masked; then every instruction does to them what it always does. Compilers leave no choice: a function is
// called with an empty stack. So registers are locals, by their physical numbers, and nothing is looked up.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as Record from "../layout/record";
import * as K from "../cpu/generated/kinds";
import * as Ops from "../cpu/generated/ops";
import { EXCEPTIONS, fcwOf, fswOf, stIndex, TOP_MASK, TOP_SHIFT } from "../cpu/ops/x87_state";
import { argOf, behind, blockAddress, entryOf, instructionAt, kindOfRecord, opcodeOf } from "./region";
import { inOrder, orderOf } from "./structure";
import { POP, POP_TWICE, readsMemory } from "./translate/x87_operands";

/** Translations of a block for one state after another before its x87 instructions are left to handlers. */
const MISFITS_MAX: u32 = 4;
/** A block's headStack when its translation calls handlers. */
const HANDLERS: u32 = 2;
/** Blocks that are looked through for what a callee left on the stack. */
const LOOK_AHEAD = 8;
/** No state: an instruction that must fault or signal. */
export const IMPOSSIBLE: u32 = 0xffffffff;

// States.

/** Physical number of ST(i). */
@inline
export function physical(state: u32, i: u32): u32 {
  return ((state >> TOP_SHIFT) + i) & 7;
}

@inline
function isValid(state: u32, i: u32): bool {
  return ((state >> (Jit.STACK_VALID_SHIFT + physical(state, i))) & 1) != 0;
}

@inline
function withValid(state: u32, i: u32): u32 {
  return state | (1 << (Jit.STACK_VALID_SHIFT + physical(state, i)));
}

@inline
function turned(state: u32, by: u32): u32 {
  return (state & ~TOP_MASK) | ((state + (by << TOP_SHIFT)) & TOP_MASK);
}

function popped(state: u32): u32 {
  return turned(state & ~(1 << (Jit.STACK_VALID_SHIFT + physical(state, 0))), 1);
}

function pushed(state: u32): u32 {
  return isValid(state, 7) ? IMPOSSIBLE : withValid(turned(state, 7), 0);
}

/** The state of the CPU, STACK_NONE if its x87 is not ready or exceptions are not masked. */
function currentState(cpu: usize): u32 {
  if (load<u32>(cpu, Cpu.fpuTrap) != 0 || (fcwOf(cpu) & EXCEPTIONS) != EXCEPTIONS) return Jit.STACK_NONE;
  return (fswOf(cpu) & TOP_MASK) | ((<u32>load<u8>(cpu, Cpu.ftw)) << Jit.STACK_VALID_SHIFT) | Jit.STACK_KNOWN;
}

// Instructions.

/** The state behind an instruction of the x87, IMPOSSIBLE if a register is missing or in the way. */
export function stateAfter(state: u32, rec: usize): u32 {
  const entry = entryOf(rec);
  const kind = <u32>load<u8>(entry);
  const arg = argOf(entry);
  const i = stIndex(rec);
  switch (kind) {
    case K.kX87Load:
    case K.kX87Constant:
      return pushed(state);
    case K.kX87Copy:
      return opcodeOf(entry) == 0 ? copyOf(state, i) : storeTo(state, i, arg);
    case K.kX87Store:
    case K.kX87Root:
    case K.kX87Sign:
      return withPops(state, isValid(state, 0), arg);
    case K.kX87Exchange:
    case K.kX87Select:
      return withPops(state, isValid(state, 0) && isValid(state, i), 0);
    case K.kX87Arithmetic:
    case K.kX87Compare:
      return withPops(state, isValid(state, 0) && (readsMemory(arg) || isValid(state, i)), arg);
    case K.kX87Call:
      return afterHandler(state, opcodeOf(entry));
  }
  return state;
}

function withPops(state: u32, possible: bool, arg: u32): u32 {
  if (!possible) return IMPOSSIBLE;
  if ((arg & (POP | POP_TWICE)) == 0) return state;
  return (arg & POP) != 0 ? popped(state) : popped(popped(state));
}

function copyOf(state: u32, i: u32): u32 {
  return isValid(state, i) ? pushed(state) : IMPOSSIBLE;
}

function storeTo(state: u32, i: u32, arg: u32): u32 {
  return isValid(state, 0) ? withPops(withValid(state, i), true, arg) : IMPOSSIBLE;
}

/** Bits 0 and 1: ST(0) and ST(1) are needed; bit 2: a pop; bit 3: a push (tools/isa/x87.mjs). */
function afterHandler(state: u32, effect: u32): u32 {
  if ((effect & 1) != 0 && !isValid(state, 0)) return IMPOSSIBLE;
  if ((effect & 2) != 0 && !isValid(state, 1)) return IMPOSSIBLE;
  if ((effect & 4) != 0) return popped(state);
  return (effect & 8) != 0 ? pushed(state) : state;
}

@inline
export function isX87(rec: usize): bool {
  return kindOfRecord(rec) >= K.FIRST_X87;
}

/** What the plan does not know of: instructions that set the whole state, and those of MMX, which has the same registers. */
function isForeign(rec: usize): bool {
  const op = <i32>load<u16>(rec, Record.op);
  if ((load<u8>(entryOf(rec), 7) & (<u8>K.EFFECT_ALL_XMM)) != 0) return true;
  return op >= Ops.FIRST_MMX && op < Ops.FIRST_END && !isX87(rec);
}

// Blocks.

/** Instructions of a block without its terminator. */
function bodyLength(b: usize): u32 {
  const term = load<u32>(b, Jit.bTerm);
  return load<u32>(b, Jit.bCount) - u32(term != Jit.TERM_FALL && term != Jit.TERM_OUT && term != Jit.TERM_MATCH);
}

/** The state at the end of block n that begins in `state`. What is impossible leaves the region, so that it does not matter. */
function stateAtEnd(j: usize, n: i32, state: u32, strict: bool): u32 {
  const b = blockAddress(j, n);
  if (load<u32>(b, Jit.bTerm) == Jit.TERM_MATCH) return state;
  let offset = load<u32>(b, Jit.bOffset);
  for (let left = bodyLength(b); left != 0; left--) {
    const rec = instructionAt(j, offset);
    if (isX87(rec)) {
      const after = stateAfter(state, rec);
      if (after != IMPOSSIBLE) state = after;
      else if (strict) return IMPOSSIBLE;
    }
    offset = behind(rec);
  }
  return state;
}

/** Whether what follows a call, from block n on, can go on in a state. */
function fits(j: usize, n: i32, state: u32): bool {
  for (let left = LOOK_AHEAD; left != 0 && n >= 0; left--) {
    state = stateAtEnd(j, n, state, true);
    if (state == IMPOSSIBLE) return false;
    const b = blockAddress(j, n);
    const term = load<u32>(b, Jit.bTerm);
    if (term == Jit.TERM_CALL || term == Jit.TERM_CALL_RM) return true;
    n = term == Jit.TERM_JMP ? load<i32>(b, Jit.bTaken) : load<i32>(b, Jit.bFall);
  }
  return true;
}

/** The state in which a callee probably returns to block n: as it was, or with its result on the stack. */
function afterCall(j: usize, n: i32, state: u32): u32 {
  if (fits(j, n, state)) return state;
  const withResult = pushed(state);
  return withResult != IMPOSSIBLE && fits(j, n, withResult) ? withResult : state;
}

@inline
export function plannedState(j: usize, n: i32): u32 {
  return load<u32>(j + Jit.stackAt + ((<usize>n) << 2));
}

/** The first way to a block decides in which state it begins; others leave the region if theirs differs. */
function lead(j: usize, n: i32, state: u32): void {
  if (n >= 0 && plannedState(j, n) == Jit.STACK_NONE) store<u32>(j + Jit.stackAt + ((<usize>n) << 2), state);
}

function planBlocks(j: usize, state: u32): void {
  const count = <i32>load<u32>(j, Jit.blockCount);
  memory.fill(j + Jit.stackAt, 0, (<usize>count) << 2);
  lead(j, inOrder(j, 0), state);
  for (let i = 0; i < count; i++) {
    const n = inOrder(j, i);
    if (n < 0 || n >= count || orderOf(j, n) != i) return;
    const b = blockAddress(j, n);
    if (plannedState(j, n) == Jit.STACK_NONE) lead(j, n, state);
    const after = stateAtEnd(j, n, plannedState(j, n), false);
    const term = load<u32>(b, Jit.bTerm);
    const fall = load<i32>(b, Jit.bFall);
    const calls = (term == Jit.TERM_CALL && load<i32>(b, Jit.bReturn) < 0) || term == Jit.TERM_CALL_RM;
    if (calls && fall >= 0) lead(j, fall, afterCall(j, fall, after));
    else {
      lead(j, load<i32>(b, Jit.bTaken), after);
      lead(j, fall, after);
    }
  }
}

/** Whether the region has x87 instructions that are worth it, and none that the plan does not know of; counts those that calculate. */
function isWorthwhile(j: usize): bool {
  let any = false;
  let operations: u32 = 0;
  for (let n: u32 = 0; n < load<u32>(j, Jit.blockCount); n++) {
    const b = blockAddress(j, n);
    if (load<u32>(b, Jit.bTerm) == Jit.TERM_MATCH) continue;
    let offset = load<u32>(b, Jit.bOffset);
    for (let left = load<u32>(b, Jit.bCount); left != 0; left--) {
      const rec = instructionAt(j, offset);
      if (isForeign(rec)) return false;
      if (isX87(rec)) {
        const kind = kindOfRecord(rec);
        if (kind < K.kX87Status) any = true;
        if (kind == K.kX87Arithmetic || kind == K.kX87Store) operations++;
      }
      offset = behind(rec);
    }
  }
  store<u32>(j, operations, Jit.operations);
  return any;
}

/** Plans the region that starts with the block `head`; STACK_NONE in Jit.stackState if its x87 instructions call handlers. */
export function planStack(cpu: usize, j: usize, head: usize): void {
  store<u32>(j, <u32>head, Jit.head);
  store<u32>(j, 0, Jit.usedStack);
  store<u32>(j, 0, Jit.dirtyStack);
  let state = load<u32>(head, Record.headStack);
  if (state == 0) {
    const plans = load<u8>(head, Record.headMisfits) < <u8>MISFITS_MAX && isWorthwhile(j);
    state = plans ? currentState(cpu) : Jit.STACK_NONE;
    store<u32>(head, state == Jit.STACK_NONE ? HANDLERS : state, Record.headStack);
  } else if (state == HANDLERS || !isWorthwhile(j)) state = Jit.STACK_NONE;
  store<u32>(j, state, Jit.stackState);
  if (state != Jit.STACK_NONE) planBlocks(j, state);
}

/** A region found the x87 in another state than planned; whether it is to be translated anew. */
export function planAnew(cpu: usize, head: usize): bool {
  // A dead block has no slot any more.
  const translated = load<i32>(head, Record.headCode) > 0 || load<u32>(head, Record.headChecked) != 0;
  if (load<u32>(cpu, Cpu.fpuTrap) != 0 || !translated) return false;
  store<u32>(head, 0, Record.headStack);
  const misfits = load<u8>(head, Record.headMisfits);
  if (load<u32>(cpu, Cpu.jitMode) != Cpu.JIT_FORCE)
    store<u8>(head, <u8>min<u32>(<u32>misfits + 1, MISFITS_MAX), Record.headMisfits);
  store<i32>(head, load<i32>(cpu, Cpu.hotStart), Record.headCode);
  store<u32>(head, 0, Record.headChecked);
  return true;
}
