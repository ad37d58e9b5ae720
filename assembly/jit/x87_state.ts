// Moving the x87's registers, status and pointers between the CPU's memory and the locals of a region that has them there
// (x87_plan.ts).

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import { EXCEPTIONS, TOP_MASK } from "../cpu/ops/x87_state";
import * as E from "./emit";
import * as L from "./locals";

/** Rounding and precision in the control word; to nearest, 64 bits. */
const MODE_BITS: i32 = 0xf00;
const USUAL_MODE: i32 = 0x300;

/** Whether the region has the x87 in locals. */
@inline
export function hasStack(j: usize): bool {
  return load<u32>(j, Jit.stackState) != Jit.STACK_NONE;
}

function use(j: usize, n: u32): void {
  store<u32>(j, load<u32>(j, Jit.usedStack) | (1 << n), Jit.usedStack);
}

/** Pushes the significand, and the sign and exponent, of a physical register. */
export function getSig(j: usize, n: u32): void {
  use(j, n);
  E.get(j, L.SIG + n);
}

export function getHead(j: usize, n: u32): void {
  use(j, n);
  E.get(j, L.HEAD + n);
}

export function setSig(j: usize, n: u32): void {
  use(j, n);
  store<u32>(j, load<u32>(j, Jit.dirtyStack) | (1 << n), Jit.dirtyStack);
  E.set(j, L.SIG + n);
}

/** Every change of a register sets its significand too. */
export function setHead(j: usize, n: u32): void {
  E.set(j, L.HEAD + n);
}

/** From here on the stack is in a known state. */
export function setStack(j: usize, state: u32): void {
  store<u32>(j, state, Jit.stackState);
  E.i32Const(j, <i32>state);
  E.set(j, L.STACK);
}

/** The pointers in the CPU's memory are the true ones. */
export function forgetNotes(j: usize): void {
  E.i32Const(j, 0);
  E.set(j, L.NOTE);
  E.i32Const(j, 0);
  E.set(j, L.NOTE_SEGMENT);
}

function loadWord(j: usize, offset: u32): void {
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD16_U, offset);
}

/** Loads what the region uses of the x87, if it has that in locals, but for the state of the stack, which is known. */
export function loadStack(j: usize): void {
  if (!hasStack(j)) return;
  const used = load<u32>(j, Jit.usedStack);
  for (let n: u32 = 0; n < 8; n++) {
    if (((used >> n) & 1) == 0) continue;
    L.pushCpu(j);
    E.memory(j, E.I64_LOAD, Cpu.fpr + n * Cpu.FPR_SIZE);
    E.set(j, L.SIG + n);
    loadWord(j, Cpu.fpr + n * Cpu.FPR_SIZE + 8);
    E.set(j, L.HEAD + n);
  }
  loadWord(j, Cpu.fsw);
  E.i32Const(j, ~TOP_MASK);
  E.op(j, E.I32_AND);
  E.set(j, L.FSW);
  loadWord(j, Cpu.fcw);
  setMode(j);
  forgetNotes(j);
}

/** Makes X87_MODE of the control word on the stack. */
export function setMode(j: usize): void {
  E.i32Const(j, MODE_BITS);
  E.op(j, E.I32_AND);
  E.i32Const(j, USUAL_MODE);
  E.op(j, E.I32_XOR);
  E.set(j, L.X87_MODE);
}

/** Loads the state of the stack, where it is not as planned. */
export function loadStackState(j: usize): void {
  loadWord(j, Cpu.fsw);
  E.i32Const(j, TOP_MASK);
  E.op(j, E.I32_AND);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD8_U, Cpu.ftw);
  E.i32Const(j, Jit.STACK_VALID_SHIFT);
  E.op(j, E.I32_SHL);
  E.op(j, E.I32_OR);
  E.i32Const(j, Jit.STACK_KNOWN);
  E.op(j, E.I32_OR);
  E.set(j, L.STACK);
}

/** Stores what the region may have changed of the x87. */
export function storeStack(j: usize): void {
  if (!hasStack(j)) return;
  const dirty = load<u32>(j, Jit.dirtyStack);
  for (let n: u32 = 0; n < 8; n++) {
    if (((dirty >> n) & 1) == 0) continue;
    L.pushCpu(j);
    E.get(j, L.SIG + n);
    E.memory(j, E.I64_STORE, Cpu.fpr + n * Cpu.FPR_SIZE);
    L.pushCpu(j);
    E.get(j, L.HEAD + n);
    E.memory(j, E.I32_STORE16, Cpu.fpr + n * Cpu.FPR_SIZE + 8);
  }
  L.pushCpu(j);
  pushStatus(j);
  E.memory(j, E.I32_STORE16, Cpu.fsw);
  L.pushCpu(j);
  E.get(j, L.STACK);
  E.i32Const(j, Jit.STACK_VALID_SHIFT);
  E.op(j, E.I32_SHR_U);
  E.memory(j, E.I32_STORE8, Cpu.ftw);
  storeNotes(j);
}

/** Pushes the status word. */
export function pushStatus(j: usize): void {
  E.get(j, L.FSW);
  E.get(j, L.STACK);
  E.i32Const(j, TOP_MASK);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_OR);
}

/** FIP, FCS and FOP of the last instruction, FDP and FDS of the last memory operand, since they were stored. */
function storeNotes(j: usize): void {
  E.get(j, L.NOTE);
  E.ifThen(j, E.VOID);
  L.pushCpu(j);
  E.get(j, L.PAGE);
  E.get(j, L.NOTE);
  E.i32Const(j, 0xfff);
  E.op(j, E.I32_AND);
  E.op(j, E.I64_EXTEND_I32_U);
  E.op(j, E.I64_ADD);
  E.memory(j, E.I64_STORE, Cpu.fip);
  L.pushCpu(j);
  E.get(j, L.NOTE);
  E.i32Const(j, L.NOTE_OPCODE);
  E.op(j, E.I32_SHR_U);
  E.memory(j, E.I32_STORE16, Cpu.fop);
  L.pushCpu(j);
  loadWord(j, Cpu.csSelector);
  E.memory(j, E.I32_STORE16, Cpu.fipSelector);
  E.get(j, L.NOTE_SEGMENT);
  E.ifThen(j, E.VOID);
  L.pushCpu(j);
  E.get(j, L.NOTE_ADDRESS);
  E.memory(j, E.I64_STORE, Cpu.fdp);
  L.pushCpu(j);
  L.pushCpu(j);
  E.get(j, L.NOTE_SEGMENT);
  E.op(j, E.I32_ADD);
  E.memory(j, E.I32_LOAD16_U, 0);
  E.memory(j, E.I32_STORE16, Cpu.fdpSelector);
  E.end(j);
  E.end(j);
}

/** Pushes whether the x87 in the CPU's memory is not in the state that is known at this point, or not ready. */
export function pushMisfit(j: usize): void {
  const state = <u64>load<u32>(j, Jit.stackState);
  const valid = (state >> Jit.STACK_VALID_SHIFT) & 0xff;
  L.pushCpu(j);
  // Control word, status word and tags.
  E.memory(j, E.I64_LOAD, Cpu.fcw);
  E.i64Const(j, ((<i64>0xff) << 32) | ((<i64>TOP_MASK) << 16) | EXCEPTIONS);
  E.op(j, E.I64_AND);
  E.i64Const(j, <i64>((valid << 32) | ((state & TOP_MASK) << 16) | EXCEPTIONS));
  E.op(j, E.I64_NE);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.fpuTrap);
  E.op(j, E.I32_OR);
}
