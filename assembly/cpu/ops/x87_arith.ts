// FADD, FSUB, FSUBR, FMUL, FDIV, FDIVR in all their forms, FSQRT, FABS, FCHS.

import * as Soft from "../../layout/softfloat";
import { ADD, arithmetic, DIV, MUL, squareRoot80, SUB } from "../../softfloat/float80_arith";
import { copy80, headOf, put80, significandOf, widen, widenInteger } from "../../softfloat/float80";
import { isQuickMode, NOT_QUICK, quickAdd, quickDiv, quickMul, quickSqrt } from "../../softfloat/float80_quick";
import {
  BEFORE,
  begin,
  blocked,
  fcwOf,
  isEmpty,
  memoryOperand,
  noteInstruction,
  popStack,
  settle,
  signal,
  st,
  stIndex,
  underflowTo,
} from "./x87_state";

/** The quick form of an operation (float80_quick.ts). */
@inline
function quick(sf: usize, op: u32, a: usize, b: usize): u64 {
  const headA = headOf(a);
  const headB = headOf(b);
  const sigA = significandOf(a);
  const sigB = significandOf(b);
  if (op == MUL) return quickMul(sf, headA, sigA, headB, sigB);
  if (op == DIV) return quickDiv(sf, headA, sigA, headB, sigB);
  return quickAdd(sf, headA, sigA, op == SUB ? headB ^ 0x8000 : headB, sigB);
}

/** The exact form; returns whether a result was delivered. */
function exact(cpu: usize, op: u32, a: usize, b: usize, to: usize, narrow: bool): bool {
  const sf = begin(cpu);
  const result = sf + Soft.result80;
  if (arithmetic(sf, op, a, b, result, narrow)) copy80(to, result);
  settle(cpu, sf);
  return !blocked(sf, BEFORE);
}

/** Brings a quick result to a register and the status word; false if there is none. */
@inline
function deliver(cpu: usize, to: usize, sig: u64): bool {
  const head = load<i32>(cpu, Soft.BASE + Soft.head80);
  if (head == NOT_QUICK) return false;
  put80(to, <u32>head, sig);
  signal(cpu, (<u32>head) >> 16, 0);
  return true;
}

/** to = a op b, where `narrow` tells of a memory operand that is denormal in its own format. */
@inline
function compute(cpu: usize, op: u32, a: usize, b: usize, to: usize, narrow: bool): bool {
  if (!narrow && isQuickMode(fcwOf(cpu)) && deliver(cpu, to, quick(cpu + Soft.BASE, op, a, b))) return true;
  return exact(cpu, op, a, b, to, narrow);
}

/** ST(0) = ST(0) op ST(i), or with `reverse` ST(i) op ST(0). */
@inline
function toTop(cpu: usize, rec: usize, op: u32, reverse: bool): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) return underflowTo(cpu, 0, 0);
  const top = st(cpu, 0);
  const other = st(cpu, i);
  compute(cpu, op, reverse ? other : top, reverse ? top : other, top, false);
  return true;
}

/** ST(i) = ST(i) op ST(0), or with `reverse` ST(0) op ST(i); then perhaps a pop. */
@inline
function toRegister(cpu: usize, rec: usize, op: u32, reverse: bool, pops: u32): bool {
  const i = stIndex(rec);
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) return underflowTo(cpu, i, pops);
  const top = st(cpu, 0);
  const other = st(cpu, i);
  if (compute(cpu, op, reverse ? top : other, reverse ? other : top, other, false) && pops != 0) popStack(cpu);
  return true;
}

/** ST(0) = ST(0) op source, a memory operand in extended format; `flags` are what widening it found. */
@inline
function withOperand(cpu: usize, op: u32, reverse: bool, source: usize, flags: u32): bool {
  if (isEmpty(cpu, 0)) return underflowTo(cpu, 0, 0);
  const top = st(cpu, 0);
  compute(cpu, op, reverse ? source : top, reverse ? top : source, top, (flags & Soft.DE) != 0);
  return true;
}

@inline
function withReal<T>(cpu: usize, rec: usize, op: u32, reverse: bool): bool {
  const host = memoryOperand(cpu, rec, sizeof<T>());
  if (host == 0) return false;
  const source = cpu + Soft.BASE + Soft.operand80;
  return withOperand(cpu, op, reverse, source, widen<T>(source, load<T>(host)));
}

@inline
function withInteger<T>(cpu: usize, rec: usize, op: u32, reverse: bool): bool {
  const host = memoryOperand(cpu, rec, sizeof<T>());
  if (host == 0) return false;
  const source = cpu + Soft.BASE + Soft.operand80;
  widenInteger(source, <i64>load<T>(host));
  return withOperand(cpu, op, reverse, source, 0);
}

export function fadd(cpu: usize, rec: usize): bool {
  return toTop(cpu, rec, ADD, false);
}

export function faddTo(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, ADD, false, 0);
}

export function faddp(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, ADD, false, 1);
}

export function fadd32(cpu: usize, rec: usize): bool {
  return withReal<u32>(cpu, rec, ADD, false);
}

export function fadd64(cpu: usize, rec: usize): bool {
  return withReal<u64>(cpu, rec, ADD, false);
}

export function fiadd16(cpu: usize, rec: usize): bool {
  return withInteger<i16>(cpu, rec, ADD, false);
}

export function fiadd32(cpu: usize, rec: usize): bool {
  return withInteger<i32>(cpu, rec, ADD, false);
}

export function fmul(cpu: usize, rec: usize): bool {
  return toTop(cpu, rec, MUL, false);
}

export function fmulTo(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, MUL, false, 0);
}

export function fmulp(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, MUL, false, 1);
}

export function fmul32(cpu: usize, rec: usize): bool {
  return withReal<u32>(cpu, rec, MUL, false);
}

export function fmul64(cpu: usize, rec: usize): bool {
  return withReal<u64>(cpu, rec, MUL, false);
}

export function fimul16(cpu: usize, rec: usize): bool {
  return withInteger<i16>(cpu, rec, MUL, false);
}

export function fimul32(cpu: usize, rec: usize): bool {
  return withInteger<i32>(cpu, rec, MUL, false);
}

export function fsub(cpu: usize, rec: usize): bool {
  return toTop(cpu, rec, SUB, false);
}

export function fsubTo(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, SUB, false, 0);
}

export function fsubp(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, SUB, false, 1);
}

export function fsub32(cpu: usize, rec: usize): bool {
  return withReal<u32>(cpu, rec, SUB, false);
}

export function fsub64(cpu: usize, rec: usize): bool {
  return withReal<u64>(cpu, rec, SUB, false);
}

export function fisub16(cpu: usize, rec: usize): bool {
  return withInteger<i16>(cpu, rec, SUB, false);
}

export function fisub32(cpu: usize, rec: usize): bool {
  return withInteger<i32>(cpu, rec, SUB, false);
}

export function fsubr(cpu: usize, rec: usize): bool {
  return toTop(cpu, rec, SUB, true);
}

export function fsubrTo(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, SUB, true, 0);
}

export function fsubrp(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, SUB, true, 1);
}

export function fsubr32(cpu: usize, rec: usize): bool {
  return withReal<u32>(cpu, rec, SUB, true);
}

export function fsubr64(cpu: usize, rec: usize): bool {
  return withReal<u64>(cpu, rec, SUB, true);
}

export function fisubr16(cpu: usize, rec: usize): bool {
  return withInteger<i16>(cpu, rec, SUB, true);
}

export function fisubr32(cpu: usize, rec: usize): bool {
  return withInteger<i32>(cpu, rec, SUB, true);
}

export function fdiv(cpu: usize, rec: usize): bool {
  return toTop(cpu, rec, DIV, false);
}

export function fdivTo(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, DIV, false, 0);
}

export function fdivp(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, DIV, false, 1);
}

export function fdiv32(cpu: usize, rec: usize): bool {
  return withReal<u32>(cpu, rec, DIV, false);
}

export function fdiv64(cpu: usize, rec: usize): bool {
  return withReal<u64>(cpu, rec, DIV, false);
}

export function fidiv16(cpu: usize, rec: usize): bool {
  return withInteger<i16>(cpu, rec, DIV, false);
}

export function fidiv32(cpu: usize, rec: usize): bool {
  return withInteger<i32>(cpu, rec, DIV, false);
}

export function fdivr(cpu: usize, rec: usize): bool {
  return toTop(cpu, rec, DIV, true);
}

export function fdivrTo(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, DIV, true, 0);
}

export function fdivrp(cpu: usize, rec: usize): bool {
  return toRegister(cpu, rec, DIV, true, 1);
}

export function fdivr32(cpu: usize, rec: usize): bool {
  return withReal<u32>(cpu, rec, DIV, true);
}

export function fdivr64(cpu: usize, rec: usize): bool {
  return withReal<u64>(cpu, rec, DIV, true);
}

export function fidivr16(cpu: usize, rec: usize): bool {
  return withInteger<i16>(cpu, rec, DIV, true);
}

export function fidivr32(cpu: usize, rec: usize): bool {
  return withInteger<i32>(cpu, rec, DIV, true);
}

export function fsqrt(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0)) return underflowTo(cpu, 0, 0);
  const top = st(cpu, 0);
  if (isQuickMode(fcwOf(cpu)) && deliver(cpu, top, quickSqrt(cpu + Soft.BASE, headOf(top), significandOf(top)))) {
    return true;
  }
  const sf = begin(cpu);
  squareRoot80(sf, top, top);
  settle(cpu, sf);
  return true;
}

@inline
function setSign(cpu: usize, rec: usize, and: u32, xor: u32): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0)) return underflowTo(cpu, 0, 0);
  const top = st(cpu, 0);
  put80(top, (headOf(top) & and) ^ xor, significandOf(top));
  signal(cpu, 0, 0);
  return true;
}

export function fabs(cpu: usize, rec: usize): bool {
  return setSign(cpu, rec, 0x7fff, 0);
}

export function fchs(cpu: usize, rec: usize): bool {
  return setSign(cpu, rec, 0xffff, 0x8000);
}
