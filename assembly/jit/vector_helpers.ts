// Vector instructions that translated code hands to the interpreter's handlers by value, when WebAssembly's arithmetic would
// not do (translate/sse_plain.ts): the handler works on two registers of its own.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as Record from "../layout/record";
import { PF, ZF } from "../cpu/flags";
import { runCold } from "../cpu/generated/cold";
import { plain32, plain64 } from "../cpu/ops/sse_quick";

const WORK_A: usize = Cpu.xmm + Cpu.WORK_A * Cpu.XMM_SIZE;
const WORK_B: usize = Cpu.xmm + Cpu.WORK_B * Cpu.XMM_SIZE;

/** Executes the instruction in its register form; false = it raised an exception. */
function runOnValues(cpu: usize, rec: usize, op: i32, a: v128, b: v128): bool {
  const work = cpu + Cpu.workRecord;
  v128.store(work, v128.load(rec));
  store<u8>(work, Cpu.WORK_A, Record.reg);
  store<u8>(work, Cpu.WORK_B, Record.rm);
  store<u8>(work, Record.FORM_REGISTER, Record.misc);
  v128.store(cpu, a, WORK_A);
  v128.store(cpu, b, WORK_B);
  return runCold(cpu, work, op);
}

/** Elements that are plain numbers. */
function plainMask(value: v128, double: bool): v128 {
  if (double) return plain64(value);
  return v128.and(plain32(value), f32x4.eq(value, value));
}

/** The value is plain in a shape (sse_plain.ts): packed or scalar (2), binary32 or binary64 (1). */
function isPlain(value: v128, shape: u32): bool {
  const mask = plainMask(value, (shape & 1) != 0);
  if ((shape & 2) == 0) return i8x16.all_true(mask);
  return i32x4.extract_lane(mask, 0) != 0;
}

/** What the local MX becomes: the mode, and whether everything is plain that translated code takes for it. */
function stateAfter(cpu: usize, looks: u32, a: v128, b: v128, result: v128): i32 {
  const mode = (load<u32>(cpu, Cpu.mxcsr) & Cpu.MXCSR_MATTERS) ^ Cpu.MXCSR_FAST;
  const from = looks & 3;
  const to = (looks >> Jit.LOOK_TO) & 3;
  let plain = (looks & Jit.LOOK_A) == 0 || isPlain(a, from);
  if ((looks & Jit.LOOK_B) != 0 && !isPlain(b, from)) plain = false;
  if ((looks & Jit.LOOK_RESULT) != 0 && !isPlain(result, to)) plain = false;
  return plain ? <i32>mode : (<i32>mode) | Cpu.VECTOR_NOT_PLAIN;
}

/** `what`: operation, and what must be plain (Jit.LOOK_). Leaves in Cpu.vectorState what the local MX becomes. */
export function jitVector(cpu: usize, rec: usize, what: u32, a: v128, b: v128): v128 {
  const done = runOnValues(cpu, rec, <i32>(what & 0xffff), a, b);
  const result = v128.load(cpu, WORK_A);
  const state = done ? stateAfter(cpu, what >> Jit.LOOK_SHIFT, a, b, result) : -1;
  store<i32>(cpu, state, Cpu.vectorState);
  return result;
}

/** The same for COMIS and UCOMIS. Returns a number that is to zero as a is to b: NaN if they are not ordered. */
export function jitOrder(cpu: usize, rec: usize, what: u32, a: v128, b: v128): f64 {
  const done = runOnValues(cpu, rec, <i32>(what & 0xffff), a, b);
  const state = done ? stateAfter(cpu, what >> Jit.LOOK_SHIFT, a, b, a) : -1;
  store<i32>(cpu, state, Cpu.vectorState);
  const flags = load<u32>(cpu, Cpu.flagBits);
  if ((flags & PF) != 0) return NaN;
  if ((flags & ZF) != 0) return 0;
  return flags != 0 ? -1 : 1;
}
