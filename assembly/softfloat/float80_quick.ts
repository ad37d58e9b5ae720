// Quick paths: normal numbers, rounding to nearest with 64 bits, a result that is normal too. They return the low
// exceptions of the result with C1 (PE = 0x20, C1 = 0x200), or NOT_QUICK with nothing done.

import * as Soft from "../layout/softfloat";
import { divideHigh, mulHigh } from "./arith";
import { EXP_MASK, headOf, INTEGER_BIT, put80, significandOf } from "./float80";

export const NOT_QUICK: i32 = -1;
const EXACT: i32 = 0;
const DOWN: i32 = 0x20;
const UP: i32 = 0x220;
const HALF: u64 = 0x8000000000000000;

/** Control word: rounding to nearest, 64 bits. */
@inline
export function isQuickMode(fcw: u32): bool {
  return (fcw & 0xf00) == 0x300;
}

@inline
export function isNormal(head: u32, sig: u64): bool {
  return (head & EXP_MASK) - 1 < 0x7ffe && (sig & INTEGER_BIT) != 0;
}

/** Rounds sig:low, normalised, with exponent field `exp`, and stores it. */
@inline
function finish(to: usize, sign: u32, exp: i32, sig: u64, low: u64): i32 {
  const up = low > HALF || (low == HALF && (sig & 1) != 0);
  if (up) {
    sig++;
    if (sig == 0) {
      sig = INTEGER_BIT;
      exp++;
    }
  }
  if (<u32>(exp - 1) >= 0x7ffe) return NOT_QUICK;
  put80(to, sign | (<u32>exp), sig);
  return low == 0 ? EXACT : up ? UP : DOWN;
}

/** to = a + b, or a - b with `flip` = 0x8000. */
export function quickAdd(a: usize, b: usize, to: usize, flip: u32): i32 {
  let headA = headOf(a);
  let headB = headOf(b) ^ flip;
  let sigA = significandOf(a);
  let sigB = significandOf(b);
  if (!isNormal(headA, sigA) || !isNormal(headB, sigB)) return NOT_QUICK;
  let distance = <i32>(headA & EXP_MASK) - <i32>(headB & EXP_MASK);
  if (distance < 0 || (distance == 0 && sigA < sigB)) {
    const head = headA;
    headA = headB;
    headB = head;
    const sig = sigA;
    sigA = sigB;
    sigB = sig;
    distance = -distance;
  }
  const exp = <i32>(headA & EXP_MASK);
  const sign = headA & 0x8000;
  if ((headA ^ headB) & 0x8000) return quickDifference(to, sign, exp, sigA, sigB, distance);
  return quickSum(to, sign, exp, sigA, sigB, distance);
}

@inline
function quickSum(to: usize, sign: u32, exp: i32, sigA: u64, sigB: u64, distance: i32): i32 {
  let low: u64 = 0;
  if (distance != 0) {
    if (distance < 64) {
      low = sigB << (64 - distance);
      sigB >>= distance;
    } else {
      low = distance == 64 ? sigB : 1;
      sigB = 0;
    }
  }
  const sum = sigA + sigB;
  if (sum >= sigA) return finish(to, sign, exp, sum, low);
  return finish(to, sign, exp + 1, (sum >> 1) | INTEGER_BIT, (sum << 63) | (low >> 1) | (low & 1));
}

@inline
function quickDifference(to: usize, sign: u32, exp: i32, sigA: u64, sigB: u64, distance: i32): i32 {
  let low: u64 = 0;
  if (distance != 0) {
    if (distance < 64) {
      low = sigB << (64 - distance);
      sigB >>= distance;
    } else {
      low = distance == 64 ? sigB : 1;
      sigB = 0;
    }
  }
  let sig = sigA - sigB - u64(low != 0);
  low = 0 - low;
  if (sig == 0) {
    if (low == 0) {
      put80(to, 0, 0);
      return EXACT;
    }
    sig = low;
    low = 0;
    exp -= 64;
  }
  const zeros = clz(sig);
  if (zeros != 0) {
    sig = (sig << zeros) | (low >> (64 - zeros));
    low <<= zeros;
  }
  return finish(to, sign, exp - <i32>zeros, sig, low);
}

export function quickMul(a: usize, b: usize, to: usize): i32 {
  const headA = headOf(a);
  const headB = headOf(b);
  const sigA = significandOf(a);
  const sigB = significandOf(b);
  if (!isNormal(headA, sigA) || !isNormal(headB, sigB)) return NOT_QUICK;
  const sign = (headA ^ headB) & 0x8000;
  const exp = <i32>(headA & EXP_MASK) + <i32>(headB & EXP_MASK) - 16382;
  const high = mulHigh(sigA, sigB);
  const low = sigA * sigB;
  if (high & INTEGER_BIT) return finish(to, sign, exp, high, low);
  return finish(to, sign, exp - 1, (high << 1) | (low >> 63), low << 1);
}

/** `sf` is the work area, where the division leaves its remainder. */
export function quickDiv(sf: usize, a: usize, b: usize, to: usize): i32 {
  const headA = headOf(a);
  const headB = headOf(b);
  const sigA = significandOf(a);
  const sigB = significandOf(b);
  if (!isNormal(headA, sigA) || !isNormal(headB, sigB)) return NOT_QUICK;
  const sign = (headA ^ headB) & 0x8000;
  const exp = <i32>(headA & EXP_MASK) - <i32>(headB & EXP_MASK) + 16383;
  const whole = sigA >= sigB;
  const quotient = divideHigh(sf, whole ? sigA - sigB : sigA, sigB);
  const rest = load<u64>(sf, Soft.remainder);
  if (whole) {
    return finish(to, sign, exp, (quotient >> 1) | INTEGER_BIT, (quotient << 63) | u64(rest != 0));
  }
  // The next bit of the quotient is 1 if twice the rest reaches the divisor.
  const other = sigB - rest;
  const low = rest > other ? HALF | 1 : rest == other ? HALF : u64(rest != 0);
  return finish(to, sign, exp - 1, quotient, low);
}
