// Addition, subtraction, multiplication and division of 80-bit numbers with everything that can happen to them. The quick
// paths of float80_quick.ts have been tried before.

import * as Soft from "../layout/softfloat";
import { addNumbers, divNumbers, mulNumbers, sqrtNumber } from "./arith";
import {
  classify,
  DENORMAL,
  headOf,
  INFINITE,
  putIndefinite,
  putNaN,
  QNAN,
  roundPack80,
  SNAN,
  unpack80,
  UNSUPPORTED,
  ZERO,
} from "./float80";
import { raiseFlags } from "./number";

export const ADD: u32 = 0;
export const SUB: u32 = 1;
export const MUL: u32 = 2;
export const DIV: u32 = 3;

/** Invalid operation: the indefinite value, unless that is not masked. Returns whether there is a result. */
export function invalid(sf: usize, to: usize): bool {
  raiseFlags(sf, Soft.IE);
  if (load<u32>(sf, Soft.unmasked) & Soft.IE) return false;
  putIndefinite(to);
  return true;
}

/** The result of two operands at least one of which is no number. */
export function propagate(sf: usize, a: usize, classA: u32, b: usize, classB: u32, to: usize): bool {
  if (classA == UNSUPPORTED || classB == UNSUPPORTED) return invalid(sf, to);
  if (classA == SNAN || classB == SNAN) {
    raiseFlags(sf, Soft.IE);
    if (load<u32>(sf, Soft.unmasked) & Soft.IE) return false;
  }
  putNaN(to, a, classA, b, classB);
  return true;
}

/** The result of one operand that is no number. */
export function propagateOne(sf: usize, a: usize, classA: u32, to: usize): bool {
  return propagate(sf, a, classA, a, classA, to);
}

/** Denormal operands: false if the exception is not masked. */
@inline
export function denormals(sf: usize, present: bool): bool {
  if (!present) return true;
  raiseFlags(sf, Soft.DE);
  return (load<u32>(sf, Soft.unmasked) & Soft.DE) == 0;
}

function isInvalid(op: u32, a: usize, classA: u32, b: usize, classB: u32): bool {
  switch (op) {
    case MUL:
      return (classA == INFINITE && classB == ZERO) || (classA == ZERO && classB == INFINITE);
    case DIV:
      return classA == classB && (classA == ZERO || classA == INFINITE);
    default: {
      if (classA != INFINITE || classB != INFINITE) return false;
      return (((headOf(a) ^ headOf(b)) >> 15) ^ op) != 0;
    }
  }
}

/**
 * to = a op b; the exceptions go into the work area's flags. `narrow` tells of a memory operand that was denormal before
 * it was widened. Returns whether there is a result.
 */
export function arithmetic(sf: usize, op: u32, a: usize, b: usize, to: usize, narrow: bool): bool {
  const classA = classify(a);
  const classB = classify(b);
  if (classA >= QNAN || classB >= QNAN) return propagate(sf, a, classA, b, classB, to);
  if (isInvalid(op, a, classA, b, classB)) return invalid(sf, to);
  const byZero = op == DIV && classB == ZERO && classA != INFINITE;
  if (byZero) {
    raiseFlags(sf, Soft.ZE);
    if (load<u32>(sf, Soft.unmasked) & Soft.ZE) return false;
  } else if (!denormals(sf, classA == DENORMAL || classB == DENORMAL || narrow)) return false;
  unpack80(sf + Soft.A, a);
  unpack80(sf + Soft.B, b);
  if (op == MUL) mulNumbers(sf);
  else if (op == DIV) divNumbers(sf);
  else addNumbers(sf, op == SUB);
  roundPack80(sf, load<u32>(sf, Soft.precision), to);
  return true;
}

/** to = square root of a. */
export function squareRoot80(sf: usize, a: usize, to: usize): bool {
  const classA = classify(a);
  if (classA >= QNAN) return propagateOne(sf, a, classA, to);
  if (classA != ZERO && headOf(a) >> 15 != 0) return invalid(sf, to);
  if (!denormals(sf, classA == DENORMAL)) return false;
  unpack80(sf + Soft.A, a);
  sqrtNumber(sf);
  roundPack80(sf, load<u32>(sf, Soft.precision), to);
  return true;
}
