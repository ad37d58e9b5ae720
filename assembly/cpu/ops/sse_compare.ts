// Floating-point comparisons of SSE and SSE2: CMPPS and family, COMIS, UCOMIS.

import { xmmHost } from "../operand";
import { CF, PF, setArithmeticFlags, ZF } from "../flags";
import * as Soft from "../../layout/softfloat";
import { flushOperand, isDenormal, isNaNBits, isSignaling } from "../../softfloat/bits";
import { dazOf, settle, softOf } from "./sse_float";
import { immediate, put, source, target } from "./sse_operands";
import { equal, lessThan } from "./sse_order";
import { plain32, plain64 } from "./sse_quick";

/** Flags of comparing two numbers; a quiet NaN is invalid only for the ordered predicates. */
function compareFlags<T>(a: T, b: T, signalsQuiet: bool): u32 {
  if (isNaNBits<T>(a) || isNaNBits<T>(b)) {
    return signalsQuiet || isSignaling<T>(a) || isSignaling<T>(b) ? Soft.IE : 0;
  }
  return isDenormal<T>(a) || isDenormal<T>(b) ? Soft.DE : 0;
}

/** LT, LE, NLT, NLE. */
@inline
function isOrderedPredicate(predicate: u32): bool {
  return ((predicate + 1) & 2) != 0;
}

function holds<T>(predicate: u32, a: T, b: T): bool {
  let met: bool;
  switch (predicate & 3) {
    case 0:
      met = equal<T>(a, b);
      break;
    case 1:
      met = lessThan<T>(a, b);
      break;
    case 2:
      met = lessThan<T>(a, b) || equal<T>(a, b);
      break;
    default:
      met = isNaNBits<T>(a) || isNaNBits<T>(b);
      break;
  }
  return met != ((predicate & 4) != 0);
}

/** `count` elements, by software where a flag may rise. */
function compareElements<T>(cpu: usize, rec: usize, to: usize, from: usize, count: i32): bool {
  const predicate = immediate(rec) & 7;
  const daz = dazOf(cpu);
  const results = softOf(cpu) + Soft.laneR;
  let flags: u32 = 0;
  for (let n = 0; n < count; n++) {
    const at = <usize>n * sizeof<T>();
    const a = flushOperand<T>(load<T>(to + at), daz);
    const b = flushOperand<T>(load<T>(from + at), daz);
    flags |= compareFlags<T>(a, b, isOrderedPredicate(predicate));
    store<T>(results + at, holds<T>(predicate, a, b) ? <T>-1 : 0);
  }
  if (!settle(cpu, flags)) return false;
  memory.copy(to, results, <usize>count * sizeof<T>());
  return true;
}

export function cmpss(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  return from != 0 && compareElements<u32>(cpu, rec, target(cpu, rec), from, 1);
}

export function cmpsd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && compareElements<u64>(cpu, rec, target(cpu, rec), from, 1);
}

export function cmpps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const ordered = v128.and(f32x4.eq(a, a), f32x4.eq(b, b));
  if (i32x4.all_true(v128.and(ordered, v128.and(plain32(a), plain32(b))))) {
    return put(to, ordered32(immediate(rec), a, b));
  }
  return compareElements<u32>(cpu, rec, to, from, 4);
}

export function cmppd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  if (i64x2.all_true(v128.and(plain64(a), plain64(b)))) return put(to, ordered64(immediate(rec), a, b));
  return compareElements<u64>(cpu, rec, to, from, 2);
}

/** A predicate on numbers without NaNs. */
function ordered32(predicate: u32, a: v128, b: v128): v128 {
  switch (predicate & 7) {
    case 0:
      return f32x4.eq(a, b);
    case 1:
      return f32x4.lt(a, b);
    case 2:
      return f32x4.le(a, b);
    case 4:
      return f32x4.ne(a, b);
    case 5:
      return f32x4.ge(a, b);
    case 6:
      return f32x4.gt(a, b);
    default:
      return i32x4.splat((predicate & 4) != 0 ? -1 : 0);
  }
}

function ordered64(predicate: u32, a: v128, b: v128): v128 {
  switch (predicate & 7) {
    case 0:
      return f64x2.eq(a, b);
    case 1:
      return f64x2.lt(a, b);
    case 2:
      return f64x2.le(a, b);
    case 4:
      return f64x2.ne(a, b);
    case 5:
      return f64x2.ge(a, b);
    case 6:
      return f64x2.gt(a, b);
    default:
      return i64x2.splat((predicate & 4) != 0 ? -1 : 0);
  }
}

/** COMIS and UCOMIS: ZF, PF and CF tell the order; OF, SF and AF are cleared. */
function compareToFlags<T>(cpu: usize, rec: usize, signalsQuiet: bool): bool {
  const from = xmmHost(cpu, rec, sizeof<T>(), false);
  if (from == 0) return false;
  const daz = dazOf(cpu);
  const a = flushOperand<T>(load<T>(target(cpu, rec)), daz);
  const b = flushOperand<T>(load<T>(from), daz);
  if (!settle(cpu, compareFlags<T>(a, b, signalsQuiet))) return false;
  let flags: u32 = 0;
  if (isNaNBits<T>(a) || isNaNBits<T>(b)) flags = ZF | PF | CF;
  else if (equal<T>(a, b)) flags = ZF;
  else if (lessThan<T>(a, b)) flags = CF;
  setArithmeticFlags(cpu, flags);
  return true;
}

export function comiss(cpu: usize, rec: usize): bool {
  return compareToFlags<u32>(cpu, rec, true);
}

export function comisd(cpu: usize, rec: usize): bool {
  return compareToFlags<u64>(cpu, rec, true);
}

export function ucomiss(cpu: usize, rec: usize): bool {
  return compareToFlags<u32>(cpu, rec, false);
}

export function ucomisd(cpu: usize, rec: usize): bool {
  return compareToFlags<u64>(cpu, rec, false);
}
