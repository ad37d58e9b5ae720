// FCOM, FUCOM, FCOMI, FUCOMI and their popping forms, FICOM, FTST, FXAM.

import * as Soft from "../../layout/softfloat";
import {
  classify,
  classOf,
  DENORMAL,
  EXP_MASK,
  headOf,
  INFINITE,
  NORMAL,
  put80,
  QNAN,
  significandOf,
  SNAN,
  UNSUPPORTED,
  widen,
  widenInteger,
  ZERO,
} from "../../softfloat/float80";
import { setArithmeticFlags } from "../flags";
import {
  BEFORE,
  C0,
  C1,
  C2,
  C3,
  CONDITIONS,
  fcwOf,
  fswOf,
  isEmpty,
  memoryOperand,
  noteInstruction,
  popStack,
  setFsw,
  signal,
  st,
  STACK_FAULT,
  stIndex,
} from "./x87_state";

const UNORDERED: u32 = 0x4500;

/** C3, C2 and C0 for two numbers that have a value. */
@inline
function order(headA: u32, sigA: u64, headB: u32, sigB: u64): u32 {
  if ((sigA | sigB) == 0) return ((headA | headB) & EXP_MASK) == 0 ? C3 : 0;
  if (headA == headB && sigA == sigB) return C3;
  const negative = headA >> 15 != 0;
  if (sigA == 0) return headB >> 15 != 0 ? 0 : C0;
  if (sigB == 0) return negative ? C0 : 0;
  if ((headA ^ headB) & 0x8000) return negative ? C0 : 0;
  // The exponent field of a denormal means the same as 1.
  const expA = max<u32>(headA & EXP_MASK, 1);
  const expB = max<u32>(headB & EXP_MASK, 1);
  if (expA == expB && sigA == sigB) return C3;
  const below = expA != expB ? expA < expB : sigA < sigB;
  return below != negative ? C0 : 0;
}

/** Compares: the condition bits, and in the bits below them the exceptions. `quiet`: a quiet NaN is no exception. */
export function compared(headA: u32, sigA: u64, headB: u32, sigB: u64, quiet: bool, narrow: bool): u32 {
  const classA = classOf(headA, sigA);
  const classB = classOf(headB, sigB);
  if (classA >= QNAN || classB >= QNAN) {
    const signals = !quiet || classA >= SNAN || classB >= SNAN;
    return signals ? UNORDERED | Soft.IE : UNORDERED;
  }
  const denormal = classA == DENORMAL || classB == DENORMAL || narrow;
  return order(headA, sigA, headB, sigB) | (denormal ? Soft.DE : 0);
}

@inline
function comparedAt(a: usize, b: usize, quiet: bool, narrow: bool): u32 {
  return compared(headOf(a), significandOf(a), headOf(b), significandOf(b), quiet, narrow);
}

/** Brings a comparison to the status word; returns whether the instruction may pop. */
function report(cpu: usize, result: u32): bool {
  const flags = result & ~CONDITIONS;
  const held = (flags & BEFORE & ~fcwOf(cpu)) != 0;
  setFsw(cpu, (fswOf(cpu) & ~CONDITIONS) | (result & CONDITIONS));
  signal(cpu, flags, 0);
  return !held;
}

@inline
function pop(cpu: usize, count: u32): void {
  for (let n = count; n != 0; n--) popStack(cpu);
}

@inline
function compareRegister(cpu: usize, rec: usize, quiet: bool, pops: u32): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  const empty = isEmpty(cpu, 0) || isEmpty(cpu, i);
  const result = empty ? UNORDERED | Soft.IE | STACK_FAULT : comparedAt(st(cpu, 0), st(cpu, i), quiet, false);
  if (report(cpu, result)) pop(cpu, pops);
  return true;
}

export function fcom(cpu: usize, rec: usize): bool {
  return compareRegister(cpu, rec, false, 0);
}

export function fcomp(cpu: usize, rec: usize): bool {
  return compareRegister(cpu, rec, false, 1);
}

/** The encoding of FCOMPP and FUCOMPP names ST(1). */
export function fcompp(cpu: usize, rec: usize): bool {
  return compareRegister(cpu, rec, false, 2);
}

export function fucom(cpu: usize, rec: usize): bool {
  return compareRegister(cpu, rec, true, 0);
}

export function fucomp(cpu: usize, rec: usize): bool {
  return compareRegister(cpu, rec, true, 1);
}

export function fucompp(cpu: usize, rec: usize): bool {
  return compareRegister(cpu, rec, true, 2);
}

@inline
function compareOperand(cpu: usize, source: usize, narrow: bool, pops: u32): bool {
  const result = isEmpty(cpu, 0) ? UNORDERED | Soft.IE | STACK_FAULT : comparedAt(st(cpu, 0), source, false, narrow);
  if (report(cpu, result)) pop(cpu, pops);
  return true;
}

@inline
function compareReal<T>(cpu: usize, rec: usize, pops: u32): bool {
  const host = memoryOperand(cpu, rec, sizeof<T>());
  if (host == 0) return false;
  const source = cpu + Soft.BASE + Soft.operand80;
  const flags = widen<T>(source, load<T>(host));
  return compareOperand(cpu, source, (flags & Soft.DE) != 0, pops);
}

@inline
function compareInteger<T>(cpu: usize, rec: usize, pops: u32): bool {
  const host = memoryOperand(cpu, rec, sizeof<T>());
  if (host == 0) return false;
  const source = cpu + Soft.BASE + Soft.operand80;
  widenInteger(source, <i64>load<T>(host));
  return compareOperand(cpu, source, false, pops);
}

export function fcom32(cpu: usize, rec: usize): bool {
  return compareReal<u32>(cpu, rec, 0);
}

export function fcomp32(cpu: usize, rec: usize): bool {
  return compareReal<u32>(cpu, rec, 1);
}

export function fcom64(cpu: usize, rec: usize): bool {
  return compareReal<u64>(cpu, rec, 0);
}

export function fcomp64(cpu: usize, rec: usize): bool {
  return compareReal<u64>(cpu, rec, 1);
}

export function ficom16(cpu: usize, rec: usize): bool {
  return compareInteger<i16>(cpu, rec, 0);
}

export function ficomp16(cpu: usize, rec: usize): bool {
  return compareInteger<i16>(cpu, rec, 1);
}

export function ficom32(cpu: usize, rec: usize): bool {
  return compareInteger<i32>(cpu, rec, 0);
}

export function ficomp32(cpu: usize, rec: usize): bool {
  return compareInteger<i32>(cpu, rec, 1);
}

/** FCOMI and FUCOMI: ZF, PF and CF become C3, C2 and C0 of the other comparisons; the other three flags are cleared. */
@inline
function compareToFlags(cpu: usize, rec: usize, quiet: bool, pops: u32): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  const empty = isEmpty(cpu, 0) || isEmpty(cpu, i);
  const result = empty ? UNORDERED | Soft.IE | STACK_FAULT : comparedAt(st(cpu, 0), st(cpu, i), quiet, false);
  const flags = result & ~CONDITIONS;
  // Unlike the other comparisons these leave C1 alone, unless the stack underflows.
  signal(cpu, flags, empty ? 0 : fswOf(cpu) & C1);
  // C0 is bit 8, C2 bit 10, C3 bit 14: CF, PF and ZF shifted by 8.
  setArithmeticFlags(cpu, (result & CONDITIONS) >> 8);
  if ((flags & BEFORE & ~fcwOf(cpu)) == 0) pop(cpu, pops);
  return true;
}

export function fcomi(cpu: usize, rec: usize): bool {
  return compareToFlags(cpu, rec, false, 0);
}

export function fcomip(cpu: usize, rec: usize): bool {
  return compareToFlags(cpu, rec, false, 1);
}

export function fucomi(cpu: usize, rec: usize): bool {
  return compareToFlags(cpu, rec, true, 0);
}

export function fucomip(cpu: usize, rec: usize): bool {
  return compareToFlags(cpu, rec, true, 1);
}

export function ftst(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  const zero = cpu + Soft.BASE + Soft.operand80;
  put80(zero, 0, 0);
  return compareOperand(cpu, zero, false, 0);
}

/** C3, C2 and C0 name the class, C1 is the sign, of an empty register too. */
export function fxam(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  const top = st(cpu, 0);
  const sign = headOf(top) >> 15 != 0 ? C1 : 0;
  setFsw(cpu, (fswOf(cpu) & ~CONDITIONS) | sign | (isEmpty(cpu, 0) ? C3 | C0 : classBits(classify(top))));
  return true;
}

function classBits(kind: u32): u32 {
  switch (kind) {
    case UNSUPPORTED:
      return 0;
    case ZERO:
      return C3;
    case NORMAL:
      return C2;
    case DENORMAL:
      return C3 | C2;
    case INFINITE:
      return C2 | C0;
    default:
      return C0;
  }
}
