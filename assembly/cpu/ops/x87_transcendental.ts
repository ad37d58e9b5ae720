// F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS, FSINCOS: what is special about their arguments. The functions
// themselves are in softfloat/functions.ts.

import * as Soft from "../../layout/softfloat";
import {
  classify,
  copy80,
  DENORMAL,
  EXP_MASK,
  headOf,
  INFINITE,
  INTEGER_BIT,
  put80,
  putIndefinite,
  QNAN,
  roundPack80,
  significandOf,
  unpack80,
  ZERO,
} from "../../softfloat/float80";
import { denormals, invalid, propagate, propagateOne } from "../../softfloat/float80_arith";
import { arctangent, cosine, exp2Minus1, log2Plus1, log2Wide, reduceQuarter, sine } from "../../softfloat/functions";
import { raiseFlags, setInfinite } from "../../softfloat/number";
import { addWide, copyWide, divWide, isZeroWide, mulWide, negate, slot } from "../../softfloat/wide";
import { setPi } from "../../softfloat/wide_constants";
import {
  BEFORE,
  begin,
  blocked,
  C2,
  fswOf,
  isEmpty,
  markValid,
  noteInstruction,
  popStack,
  pushStack,
  setFsw,
  settle,
  st,
  stackOverflow,
  stackUnderflow,
  underflowTo,
} from "./x87_state";

const ONE: u32 = 0x3fff;

/** Arguments and results of the functions, above the slots that these work with. */
@inline
function argument(sf: usize, n: u32): usize {
  return slot(sf, 8 + n);
}

/** to = the wide number `from`, rounded as the control word says; precision control does not count. */
function deliver(sf: usize, from: usize, exact: bool, to: usize): void {
  const r = sf + Soft.R;
  copyWide(r, from);
  if (!exact) store<u64>(r, load<u64>(r, Soft.low) | 1, Soft.low);
  roundPack80(sf, 64, to);
}

/** to = 2^a - 1. Beyond -1..1 the result is undefined; the argument stays as it is, as on Intel's processors. */
function power(sf: usize, a: usize, to: usize): void {
  const kind = classify(a);
  const negative = headOf(a) >> 15 != 0;
  if (kind >= QNAN) {
    propagateOne(sf, a, kind, to);
    return;
  }
  if (kind == ZERO) return;
  if (kind == INFINITE) {
    if (negative) put80(to, ONE | 0x8000, INTEGER_BIT);
    return;
  }
  if (!denormals(sf, kind == DENORMAL)) return;
  const x = argument(sf, 0);
  unpack80(x, a);
  if (load<i32>(x, Soft.exp) >= 0) {
    const isOne = significandOf(a) == INTEGER_BIT && load<i32>(x, Soft.exp) == 0;
    if (!isOne) raiseFlags(sf, Soft.PE);
    else if (negative) put80(to, 0xbffe, INTEGER_BIT);
    return;
  }
  exp2Minus1(sf, argument(sf, 1), x);
  deliver(sf, argument(sf, 1), false, to);
}

export function f2xm1(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0)) return underflowTo(cpu, 0, 0);
  const sf = begin(cpu);
  power(sf, st(cpu, 0), st(cpu, 0));
  settle(cpu, sf);
  return true;
}

@inline
function putInfinity(to: usize, sign: u32): void {
  put80(to, EXP_MASK | (sign << 15), INTEGER_BIT);
}

/** to = y log2(x). */
function logarithm(sf: usize, x: usize, y: usize, to: usize): void {
  const classX = classify(x);
  const classY = classify(y);
  const signY = headOf(y) >> 15;
  if (classX >= QNAN || classY >= QNAN) {
    propagate(sf, y, classY, x, classX, to);
    return;
  }
  if (classX != ZERO && headOf(x) >> 15 != 0) {
    invalid(sf, to);
    return;
  }
  const isOne = headOf(x) == ONE && significandOf(x) == INTEGER_BIT;
  if ((classX == ZERO && classY == ZERO) || (classX == INFINITE && classY == ZERO) || (isOne && classY == INFINITE)) {
    invalid(sf, to);
    return;
  }
  if (classX == ZERO) {
    if (classY != INFINITE) raiseFlags(sf, Soft.ZE);
    if (!blocked(sf, Soft.ZE)) putInfinity(to, signY ^ 1);
    return;
  }
  if (!denormals(sf, classX == DENORMAL || classY == DENORMAL)) return;
  const below = (headOf(x) & EXP_MASK) < ONE ? 1 : 0;
  if (classX == INFINITE || classY == INFINITE) return putInfinity(to, signY ^ below);
  if (classY == ZERO) return put80(to, (signY ^ below) << 15, 0);
  const wide = argument(sf, 0);
  const factor = argument(sf, 1);
  unpack80(wide, x);
  const exact = load<u64>(wide, Soft.sig) == INTEGER_BIT;
  log2Wide(sf, argument(sf, 2), wide);
  multiply(sf, y, factor, exact, to);
}

/** to = y times the logarithm in argument 2. */
function multiply(sf: usize, y: usize, factor: usize, exact: bool, to: usize): void {
  unpack80(factor, y);
  const result = argument(sf, 2);
  if (isZeroWide(result)) {
    // log2(1) is +0.
    return put80(to, headOf(y) & 0x8000, 0);
  }
  mulWide(result, result, factor);
  deliver(sf, result, exact, to);
  // Processors report even the logarithm of a power of two as inexact.
  raiseFlags(sf, Soft.PE);
}

/** to = y log2(1 + x). */
function logarithmPlus1(sf: usize, x: usize, y: usize, to: usize): void {
  const classX = classify(x);
  const classY = classify(y);
  const sign = (headOf(x) ^ headOf(y)) >> 15;
  if (classX >= QNAN || classY >= QNAN) {
    propagate(sf, y, classY, x, classX, to);
    return;
  }
  if ((classX == ZERO && classY == INFINITE) || (classX == INFINITE && (classY == ZERO || headOf(x) >> 15 != 0))) {
    invalid(sf, to);
    return;
  }
  if (!denormals(sf, classX == DENORMAL || classY == DENORMAL)) return;
  if (classX == ZERO || classY == ZERO) return put80(to, sign << 15, 0);
  if (classX == INFINITE || classY == INFINITE) return putInfinity(to, sign);
  const wide = argument(sf, 0);
  unpack80(wide, x);
  if (headOf(x) >> 15 != 0 && load<i32>(wide, Soft.exp) >= 0) {
    // Undefined; Intel's processors give the argument.
    raiseFlags(sf, Soft.PE);
    return copy80(to, x);
  }
  log2Plus1(sf, argument(sf, 2), wide);
  multiply(sf, y, argument(sf, 1), false, to);
}

function popWithResult(cpu: usize, sf: usize, result: usize): bool {
  settle(cpu, sf);
  if (blocked(sf, BEFORE)) return true;
  copy80(st(cpu, 1), result);
  popStack(cpu);
  return true;
}

export function fyl2x(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) return underflowTo(cpu, 1, 1);
  const sf = begin(cpu);
  const result = sf + Soft.result80;
  logarithm(sf, st(cpu, 0), st(cpu, 1), result);
  return popWithResult(cpu, sf, result);
}

export function fyl2xp1(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) return underflowTo(cpu, 1, 1);
  const sf = begin(cpu);
  const result = sf + Soft.result80;
  logarithmPlus1(sf, st(cpu, 0), st(cpu, 1), result);
  return popWithResult(cpu, sf, result);
}

/** to = pi times `numerator` / 4, with a sign. */
function partOfPi(sf: usize, sign: u32, numerator: u32, to: usize): void {
  const angle = argument(sf, 2);
  setPi(angle, sign, numerator == 1 ? -2 : numerator == 2 ? -1 : 0);
  if (numerator == 3) {
    const half = argument(sf, 3);
    setPi(angle, sign, -1);
    setPi(half, sign, -2);
    addWide(angle, angle, half);
  }
  deliver(sf, angle, false, to);
}

/** to = the angle of the point (x, y). */
function angleOf(sf: usize, x: usize, y: usize, to: usize): void {
  const classX = classify(x);
  const classY = classify(y);
  if (classX >= QNAN || classY >= QNAN) {
    propagate(sf, y, classY, x, classX, to);
    return;
  }
  if (!denormals(sf, classX == DENORMAL || classY == DENORMAL)) return;
  const left = headOf(x) >> 15 != 0;
  const sign = headOf(y) >> 15;
  if (classY == INFINITE) return partOfPi(sf, sign, classX != INFINITE ? 2 : left ? 3 : 1, to);
  if (classX == INFINITE || classY == ZERO) {
    if (left) partOfPi(sf, sign, 4, to);
    else put80(to, sign << 15, 0);
    return;
  }
  if (classX == ZERO) return partOfPi(sf, sign, 2, to);
  const wideY = argument(sf, 0);
  const wideX = argument(sf, 1);
  const angle = argument(sf, 2);
  unpack80(wideY, y);
  unpack80(wideX, x);
  store<u32>(wideY, 0, Soft.sign);
  store<u32>(wideX, 0, Soft.sign);
  // A quotient far below the smallest number rounds as any other there does.
  arctangent(sf, angle, wideY, wideX);
  if (left) {
    const pi = argument(sf, 3);
    setPi(pi, 0, 0);
    negate(angle);
    addWide(angle, angle, pi);
  }
  store<u32>(angle, sign, Soft.sign);
  deliver(sf, angle, false, to);
}

export function fpatan(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) return underflowTo(cpu, 1, 1);
  const sf = begin(cpu);
  const result = sf + Soft.result80;
  angleOf(sf, st(cpu, 0), st(cpu, 1), result);
  return popWithResult(cpu, sf, result);
}

const DONE: i32 = 0;
/** The argument is too large: C2. */
const OUT_OF_RANGE: i32 = 1;
const NO_RESULT: i32 = 2;

/** Sine, cosine and quadrant of a: argument 1 and 2 hold them. */
function circular(sf: usize, a: usize): void {
  const x = argument(sf, 0);
  const r = argument(sf, 3);
  const sin = argument(sf, 1);
  const cos = argument(sf, 2);
  unpack80(x, a);
  const quadrant = reduceQuarter(sf, r, x);
  const odd = (quadrant & 1) != 0;
  sine(sf, odd ? cos : sin, r);
  cosine(sf, odd ? sin : cos, r);
  // sin(r + pi/2) = cos r, cos(r + pi/2) = -sin r.
  if (quadrant == 1 || quadrant == 2) negate(cos);
  if (quadrant >= 2) negate(sin);
  if (headOf(a) >> 15 != 0) negate(sin);
}

/** What the functions of angles do first. Whatever is no number goes to result80. */
function prepareAngle(sf: usize, a: usize): i32 {
  const kind = classify(a);
  const result = sf + Soft.result80;
  if (kind >= QNAN) return propagateOne(sf, a, kind, result) ? DONE : NO_RESULT;
  if (kind == INFINITE) return invalid(sf, result) ? DONE : NO_RESULT;
  if (!denormals(sf, kind == DENORMAL)) return NO_RESULT;
  return (headOf(a) & EXP_MASK) >= 0x3fff + 63 ? OUT_OF_RANGE : DONE;
}

/** to = sine or cosine of a number. */
function sineOrCosine(sf: usize, a: usize, to: usize, cosineWanted: bool): void {
  if (classify(a) == ZERO) {
    if (cosineWanted) put80(to, ONE, INTEGER_BIT);
    else copy80(to, a);
    return;
  }
  circular(sf, a);
  deliver(sf, argument(sf, cosineWanted ? 2 : 1), false, to);
}

function single(cpu: usize, rec: usize, cosineWanted: bool): bool {
  noteInstruction(cpu, rec);
  setFsw(cpu, fswOf(cpu) & ~C2);
  if (isEmpty(cpu, 0)) return underflowTo(cpu, 0, 0);
  const sf = begin(cpu);
  const top = st(cpu, 0);
  const outcome = prepareAngle(sf, top);
  if (outcome == DONE) {
    if (classify(top) < INFINITE) sineOrCosine(sf, top, sf + Soft.result80, cosineWanted);
    copy80(top, sf + Soft.result80);
  }
  settle(cpu, sf);
  if (outcome == OUT_OF_RANGE) setFsw(cpu, fswOf(cpu) | C2);
  return true;
}

export function fsin(cpu: usize, rec: usize): bool {
  return single(cpu, rec, false);
}

export function fcos(cpu: usize, rec: usize): bool {
  return single(cpu, rec, true);
}

/** to = tangent of a number that is not zero. */
function tangent(sf: usize, a: usize, to: usize): void {
  if (classify(a) == ZERO) return copy80(to, a);
  circular(sf, a);
  const sin = argument(sf, 1);
  const cos = argument(sf, 2);
  if (isZeroWide(cos)) setInfinite(sin, load<u32>(sin, Soft.sign));
  else if (!isZeroWide(sin)) divWide(sin, sin, cos);
  deliver(sf, sin, false, to);
}

/** FPTAN and FSINCOS: one result replaces ST(0), another one is pushed. */
function pair(cpu: usize, rec: usize, tangentWanted: bool): bool {
  noteInstruction(cpu, rec);
  setFsw(cpu, fswOf(cpu) & ~C2);
  if (isEmpty(cpu, 0) || !isEmpty(cpu, 7)) return pairFault(cpu);
  const sf = begin(cpu);
  const top = st(cpu, 0);
  const outcome = prepareAngle(sf, top);
  if (outcome == DONE) {
    const first = sf + Soft.result80;
    const second = sf + Soft.second80;
    if (classify(top) >= INFINITE) copy80(second, first);
    else {
      if (tangentWanted) put80(second, ONE, INTEGER_BIT);
      else sineOrCosine(sf, top, second, true);
      if (tangentWanted) tangent(sf, top, first);
      else sineOrCosine(sf, top, first, false);
    }
    settle(cpu, sf);
    copy80(top, first);
    copy80(pushStack(cpu), second);
    return true;
  }
  settle(cpu, sf);
  if (outcome == OUT_OF_RANGE) setFsw(cpu, fswOf(cpu) | C2);
  return true;
}

function pairFault(cpu: usize): bool {
  const masked = isEmpty(cpu, 0) ? stackUnderflow(cpu) : stackOverflow(cpu);
  if (!masked) return true;
  putIndefinite(st(cpu, 0));
  markValid(cpu, 0);
  putIndefinite(pushStack(cpu));
  return true;
}

export function fptan(cpu: usize, rec: usize): bool {
  return pair(cpu, rec, true);
}

export function fsincos(cpu: usize, rec: usize): bool {
  return pair(cpu, rec, false);
}
