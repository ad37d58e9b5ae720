// The exact path of SSE floating point: NaNs, denormals, flags, rounding modes, DAZ, FTZ and unmasked exceptions, by
// software (SDM vol. 1, 4.9 and 11.5). The handlers take it whenever the quick path of wasm's own arithmetic could differ.

import * as Cpu from "../../layout/cpu";
import * as Exception from "../../layout/exception";
import * as Soft from "../../layout/softfloat";
import { addNumbers, divNumbers, mulNumbers, sqrtNumber } from "../../softfloat/arith";
import {
  defaultNaN,
  flushOperand,
  isDenormal,
  isInfinite,
  isNaNBits,
  isSignaling,
  isZeroBits,
  quiet,
  signBit,
} from "../../softfloat/bits";
import { roundPack, unpack } from "../../softfloat/number";
import { raise, undefined } from "../state";
import { lessThan } from "./sse_order";

export const ADD = 0;
export const SUB = 1;
export const MUL = 2;
export const DIV = 3;
export const SQRT = 4;
export const MIN = 5;
export const MAX = 6;
/** Even elements are subtracted, odd ones added. */
export const ADDSUB = 7;

const MXCSR_DAZ: u32 = 0x40;
const MXCSR_FTZ: u32 = 0x8000;
/** CR4.OSXMMEXCPT: without it a SIMD exception is #UD. */
const CR4_OSXMMEXCPT: u64 = 0x400;

@inline
export function softOf(cpu: usize): usize {
  return cpu + Soft.BASE;
}

@inline
export function dazOf(cpu: usize): bool {
  return (load<u32>(cpu, Cpu.mxcsr) & MXCSR_DAZ) != 0;
}

/** Prepares the work area from MXCSR. */
export function beginFloat(cpu: usize): usize {
  const sf = softOf(cpu);
  const mxcsr = load<u32>(cpu, Cpu.mxcsr);
  store<u32>(sf, 0, Soft.flags);
  store<u32>(sf, (mxcsr >> 13) & 3, Soft.rounding);
  store<u32>(sf, ~(mxcsr >> 7) & 0x3f, Soft.unmasked);
  store<u32>(sf, u32((mxcsr & MXCSR_FTZ) != 0), Soft.flush);
  return sf;
}

/** The flags that operands alone raise. */
const BEFORE_COMPUTATION: u32 = 7;

/**
 * Adds `flags` to MXCSR; false with #XM raised if one of them is unmasked. When one that the operands alone raise is, the
 * processor has not computed, so overflow, underflow and inexact results have not been seen (SDM vol. 1, 11.5.2).
 */
export function settle(cpu: usize, flags: u32): bool {
  if (flags == 0) return true;
  const mxcsr = load<u32>(cpu, Cpu.mxcsr);
  const unmasked = ~(mxcsr >> 7);
  if ((flags & unmasked & BEFORE_COMPUTATION) != 0) flags &= BEFORE_COMPUTATION;
  store<u32>(cpu, mxcsr | flags, Cpu.mxcsr);
  if ((flags & unmasked) == 0) return true;
  if ((load<u64>(cpu, Cpu.cr4) & CR4_OSXMMEXCPT) == 0) return undefined(cpu);
  raise(cpu, Exception.XM, 0);
  return false;
}

/** Settles the flags gathered in the work area. */
@inline
export function settleFlags(cpu: usize): bool {
  return settle(cpu, load<u32>(softOf(cpu), Soft.flags));
}

@inline
export function addFlags(sf: usize, flags: u32): void {
  store<u32>(sf, load<u32>(sf, Soft.flags) | flags, Soft.flags);
}

/** The result for operands of which one is a NaN: the first operand's, made quiet (SDM vol. 1, table 4-7). */
@inline
export function chooseNaN<T>(a: T, b: T): T {
  return quiet<T>(isNaNBits<T>(a) ? a : b);
}

/** Flags that the operands alone raise: IE, DE, ZE. */
function operandFlags<T>(op: i32, a: T, b: T): u32 {
  if (op == SQRT) return rootFlags<T>(b);
  if (isNaNBits<T>(a) || isNaNBits<T>(b)) {
    const invalid = op == MIN || op == MAX || isSignaling<T>(a) || isSignaling<T>(b);
    return invalid ? Soft.IE : 0;
  }
  if (op < MIN && isInvalid<T>(op, a, b)) return Soft.IE;
  if (op == DIV && isZeroBits<T>(b) && !isInfinite<T>(a) && !isZeroBits<T>(a)) return Soft.ZE;
  return isDenormal<T>(a) || isDenormal<T>(b) ? Soft.DE : 0;
}

function rootFlags<T>(a: T): u32 {
  if (isNaNBits<T>(a)) return isSignaling<T>(a) ? Soft.IE : 0;
  if ((a & signBit<T>()) != 0 && !isZeroBits<T>(a)) return Soft.IE;
  return isDenormal<T>(a) ? Soft.DE : 0;
}

/** Infinity minus infinity, zero times infinity, 0/0, infinity/infinity. The operands are no NaNs. */
function isInvalid<T>(op: i32, a: T, b: T): bool {
  if (op == MUL) return (isZeroBits<T>(a) && isInfinite<T>(b)) || (isInfinite<T>(a) && isZeroBits<T>(b));
  if (op == DIV) return isInfinite<T>(a) ? isInfinite<T>(b) : isZeroBits<T>(a) && isZeroBits<T>(b);
  if (!isInfinite<T>(a) || !isInfinite<T>(b)) return false;
  return ((a ^ b) & signBit<T>()) != 0 ? op == ADD : op == SUB;
}

/** Result of one element; its flags go to the work area. */
export function computeFloat<T>(sf: usize, op: i32, a: T, b: T): T {
  if (op == SQRT) return squareRoot<T>(sf, b);
  if (op == MIN) return lessThan<T>(a, b) ? a : b;
  if (op == MAX) return lessThan<T>(b, a) ? a : b;
  if (isNaNBits<T>(a) || isNaNBits<T>(b)) return chooseNaN<T>(a, b);
  if (isInvalid<T>(op, a, b)) return defaultNaN<T>();
  unpack<T>(sf + Soft.A, a);
  unpack<T>(sf + Soft.B, b);
  if (op == MUL) mulNumbers(sf);
  else if (op == DIV) divNumbers(sf);
  else addNumbers(sf, op == SUB);
  return roundPack<T>(sf);
}

function squareRoot<T>(sf: usize, a: T): T {
  if (isNaNBits<T>(a)) return quiet<T>(a);
  if ((a & signBit<T>()) != 0 && !isZeroBits<T>(a)) return defaultNaN<T>();
  unpack<T>(sf + Soft.A, a);
  sqrtNumber(sf);
  return roundPack<T>(sf);
}

@inline
function elementOp(op: i32, n: i32): i32 {
  return op == ADDSUB ? i32((n & 1) == 0) : op;
}

/** One packed or scalar operation on `count` elements at `a` and `b`, results to `to`. False: #XM raised, nothing stored. */
export function softFloat<T>(cpu: usize, op: i32, to: usize, a: usize, b: usize, count: i32): bool {
  const sf = beginFloat(cpu);
  const daz = dazOf(cpu);
  for (let n = 0; n < count; n++) {
    const at = <usize>n * sizeof<T>();
    const x = flushOperand<T>(load<T>(a + at), daz);
    const y = flushOperand<T>(load<T>(b + at), daz);
    addFlags(sf, operandFlags<T>(elementOp(op, n), x, y));
    store<T>(sf + at, computeFloat<T>(sf, elementOp(op, n), x, y), Soft.laneR);
  }
  if (!settleFlags(cpu)) return false;
  memory.copy(to, sf + Soft.laneR, <usize>count * sizeof<T>());
  return true;
}

/** The same for operands that are not in memory. */
export function softVector<T>(cpu: usize, op: i32, to: usize, a: v128, b: v128): bool {
  const sf = softOf(cpu);
  v128.store(sf, a, Soft.laneA);
  v128.store(sf, b, Soft.laneB);
  return softFloat<T>(cpu, op, to, sf + Soft.laneA, sf + Soft.laneB, 16 / sizeof<T>());
}

/** One step of an instruction that computes in several: result of an element, flags to the work area. */
export function floatStep<T>(cpu: usize, op: i32, a: T, b: T): T {
  const daz = dazOf(cpu);
  const x = flushOperand<T>(a, daz);
  const y = flushOperand<T>(b, daz);
  addFlags(softOf(cpu), operandFlags<T>(op, x, y));
  return computeFloat<T>(softOf(cpu), op, x, y);
}
