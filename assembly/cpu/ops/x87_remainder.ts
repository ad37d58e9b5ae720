// FPREM, FPREM1, FXTRACT, FRNDINT, FSCALE.

import * as Soft from "../../layout/softfloat";
import { denormals, invalid, propagate, propagateOne } from "../../softfloat/float80_arith";
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
  unpack80,
  widenInteger,
  ZERO,
} from "../../softfloat/float80";
import { roundIntegral } from "../../softfloat/float80_convert";
import { INVALID, NO_RESULT, PARTIAL, remainder80 } from "../../softfloat/float80_remainder";
import { raiseFlags } from "../../softfloat/number";
import {
  begin,
  C0,
  C1,
  C2,
  C3,
  CONDITIONS,
  fswOf,
  isEmpty,
  markValid,
  noteInstruction,
  pushStack,
  setFsw,
  settle,
  st,
  stackOverflow,
  stackUnderflow,
  underflowTo,
} from "./x87_state";

/** Quotient bits: bit 2 in C0, bit 1 in C3, bit 0 in C1. */
function quotientBits(quotient: i32): u32 {
  return ((quotient & 4) != 0 ? C0 : 0) | ((quotient & 2) != 0 ? C3 : 0) | ((quotient & 1) != 0 ? C1 : 0);
}

function remainder(cpu: usize, rec: usize, nearest: bool): bool {
  noteInstruction(cpu, rec);
  setFsw(cpu, fswOf(cpu) & ~C2);
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) return underflowTo(cpu, 0, 0);
  const sf = begin(cpu);
  const quotient = remainder80(sf, st(cpu, 0), st(cpu, 1), st(cpu, 0), nearest);
  settle(cpu, sf);
  if (quotient == NO_RESULT || quotient == INVALID) return true;
  const bits = quotient == PARTIAL ? C2 : quotientBits(quotient);
  setFsw(cpu, (fswOf(cpu) & ~CONDITIONS) | bits);
  return true;
}

export function fprem(cpu: usize, rec: usize): bool {
  return remainder(cpu, rec, false);
}

export function fprem1(cpu: usize, rec: usize): bool {
  return remainder(cpu, rec, true);
}

export function frndint(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0)) return underflowTo(cpu, 0, 0);
  const sf = begin(cpu);
  roundIntegral(sf, st(cpu, 0), st(cpu, 0));
  settle(cpu, sf);
  return true;
}

/** The integer that scales: far outside the exponent's range they are all alike. */
function scaleOf(b: usize): i32 {
  const head = headOf(b);
  const exp = <i32>(head & EXP_MASK) - 16383;
  if (exp < 0) return 0;
  const magnitude = exp > 16 ? 0x20000 : <i32>(load<u64>(b) >> (63 - exp));
  return head >> 15 ? -magnitude : magnitude;
}

/** to = a times 2 to the power of b, truncated. */
function scale(sf: usize, a: usize, b: usize, to: usize): void {
  const classA = classify(a);
  const classB = classify(b);
  if (classA >= QNAN || classB >= QNAN) {
    propagate(sf, a, classA, b, classB, to);
    return;
  }
  const down = headOf(b) >> 15 != 0;
  if (classB == INFINITE && (down ? classA == INFINITE : classA == ZERO)) {
    invalid(sf, to);
    return;
  }
  if (!denormals(sf, classA == DENORMAL || classB == DENORMAL)) return;
  if (classA == ZERO || classA == INFINITE) return;
  const sign = headOf(a) & 0x8000;
  if (classB == INFINITE) {
    if (down) put80(to, sign, 0);
    else put80(to, sign | EXP_MASK, INTEGER_BIT);
    return;
  }
  const r = sf + Soft.R;
  unpack80(r, a);
  store<i32>(r, load<i32>(r, Soft.exp) + (classB == ZERO || classB == DENORMAL ? 0 : scaleOf(b)), Soft.exp);
  roundPack80(sf, 64, to);
}

export function fscale(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) return underflowTo(cpu, 0, 0);
  const sf = begin(cpu);
  scale(sf, st(cpu, 0), st(cpu, 1), st(cpu, 0));
  settle(cpu, sf);
  return true;
}

/** Exponent and significand of `a`; false if an unmasked exception forbids a result. */
function extract(sf: usize, a: usize, exponent: usize, significand: usize): bool {
  const kind = classify(a);
  const head = headOf(a);
  if (kind >= QNAN) {
    if (!propagateOne(sf, a, kind, exponent)) return false;
    copy80(significand, exponent);
    return true;
  }
  copy80(significand, a);
  if (kind == INFINITE) {
    put80(exponent, EXP_MASK, INTEGER_BIT);
    return true;
  }
  if (kind == ZERO) {
    raiseFlags(sf, Soft.ZE);
    put80(exponent, EXP_MASK | 0x8000, INTEGER_BIT);
    return (load<u32>(sf, Soft.unmasked) & Soft.ZE) == 0;
  }
  if (!denormals(sf, kind == DENORMAL)) return false;
  unpack80(sf + Soft.A, a);
  widenInteger(exponent, load<i32>(sf + Soft.A, Soft.exp));
  put80(significand, (head & 0x8000) | 0x3fff, load<u64>(sf + Soft.A, Soft.sig));
  return true;
}

export function fxtract(cpu: usize, rec: usize): bool {
  noteInstruction(cpu, rec);
  if (isEmpty(cpu, 0) || !isEmpty(cpu, 7)) {
    if (isEmpty(cpu, 0) ? stackUnderflow(cpu) : stackOverflow(cpu)) {
      putIndefinite(st(cpu, 0));
      markValid(cpu, 0);
      putIndefinite(pushStack(cpu));
    }
    return true;
  }
  const sf = begin(cpu);
  const done = extract(sf, st(cpu, 0), sf + Soft.operand80, sf + Soft.second80);
  settle(cpu, sf);
  if (!done) return true;
  copy80(st(cpu, 0), sf + Soft.operand80);
  copy80(pushStack(cpu), sf + Soft.second80);
  return true;
}
