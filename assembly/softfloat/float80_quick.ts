// Quick paths: normal numbers and zeros, rounding to nearest with 64 bits, a result that is normal or an exact zero. They
// return the significand and leave in Soft.head80 sign and exponent, and from bit 16 on the exceptions of the result with C1
// (PE = 0x20, C1 = 0x200); or NOT_QUICK, with nothing done. What depends on the operands' bits is worked out without
// branches, which a processor could not predict.

import * as Soft from "../layout/softfloat";
import { addEstimate, divideHigh, fromNearly, mulHigh, nearly, TWO_TO_64 } from "./arith";
import { BIAS, EXP_MASK, INTEGER_BIT } from "./float80";

export const NOT_QUICK: i32 = -1;
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

@inline
function isZero(head: u32, sig: u64): bool {
  return (head & EXP_MASK) == 0 && sig == 0;
}

function leave(sf: usize, head: i32, sig: u64): u64 {
  store<i32>(sf, head, Soft.head80);
  return sig;
}

/** Rounds sig:low, normalised, with exponent field `exp`. */
@inline
function finish(sf: usize, sign: u32, exp: i32, sig: u64, low: u64): u64 {
  // Above the middle, or in the middle and odd.
  const up = u32(low > HALF - (sig & 1));
  let rounded = sig + <u64>up;
  if (rounded < sig) {
    rounded = INTEGER_BIT;
    exp++;
  }
  if (<u32>(exp - 1) >= 0x7ffe) return leave(sf, NOT_QUICK, 0);
  store<u32>(sf, sign | (<u32>exp) | (u32(low != 0) << 21) | (up << 25), Soft.head80);
  return rounded;
}

/** a + b. */
@inline
export function quickAdd(sf: usize, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  if (!isNormal(headA, sigA) || !isNormal(headB, sigB)) return addSpecial(sf, headA, sigA, headB, sigB);
  const order = <i32>(headA & EXP_MASK) - <i32>(headB & EXP_MASK);
  // All bits set if b has the larger magnitude: then they change places.
  const swap = <i64>0 - <i64>(i32(order < 0) | (i32(order == 0) & i32(sigA < sigB)));
  const heads = (headA ^ headB) & (<u32>swap);
  const sigs = (sigA ^ sigB) & (<u64>swap);
  headA ^= heads;
  headB ^= heads;
  sigA ^= sigs;
  sigB ^= sigs;
  const distance = <u64>((order ^ (<i32>swap)) - <i32>swap);
  let low: u64;
  if (distance < 64) {
    low = (sigB << 1) << (63 - distance);
    sigB >>= distance;
  } else {
    low = distance == 64 ? sigB : 1;
    sigB = 0;
  }
  const sign = headA & 0x8000;
  const exp = <i32>(headA & EXP_MASK);
  return ((headA ^ headB) & 0x8000) != 0
    ? difference(sf, sign, exp, sigA, sigB, low)
    : sum(sf, sign, exp, sigA, sigB, low);
}

@inline
function sum(sf: usize, sign: u32, exp: i32, sigA: u64, sigB: u64, low: u64): u64 {
  const sig = sigA + sigB;
  const carry = u64(sig < sigA);
  const lost = low & carry;
  return finish(
    sf,
    sign,
    exp + <i32>carry,
    (sig >> carry) | (carry << 63),
    (low >> carry) | lost | ((sig << 63) & (0 - carry)),
  );
}

@inline
function difference(sf: usize, sign: u32, exp: i32, sigA: u64, sigB: u64, low: u64): u64 {
  let sig = sigA - sigB - u64(low != 0);
  low = 0 - low;
  if (sig == 0) {
    if (low == 0) return leave(sf, 0, 0);
    sig = low;
    low = 0;
    exp -= 64;
  }
  const zeros = clz(sig);
  sig = (sig << zeros) | ((low >> 1) >> (63 - zeros));
  return finish(sf, sign, exp - <i32>zeros, sig, low << zeros);
}

/** With one operand zero, the other is the result. */
function addSpecial(sf: usize, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  if (isZero(headB, sigB) && isNormal(headA, sigA)) return leave(sf, <i32>headA, sigA);
  if (isZero(headA, sigA) && isNormal(headB, sigB)) return leave(sf, <i32>headB, sigB);
  return leave(sf, NOT_QUICK, 0);
}

/** Zero by a number, or a product with zero. */
function zeroOf(sf: usize, sign: u32, fits: bool): u64 {
  return leave(sf, fits ? <i32>sign : NOT_QUICK, 0);
}

@inline
export function quickMul(sf: usize, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  const sign = (headA ^ headB) & 0x8000;
  const normalA = isNormal(headA, sigA);
  const normalB = isNormal(headB, sigB);
  if (!normalA || !normalB) {
    const zeroA = isZero(headA, sigA);
    const zeroB = isZero(headB, sigB);
    return zeroOf(sf, sign, (zeroA && (zeroB || normalB)) || (zeroB && normalA));
  }
  const exp = <i32>(headA & EXP_MASK) + <i32>(headB & EXP_MASK) - 16382;
  const high = mulHigh(sigA, sigB);
  const low = sigA * sigB;
  const by = (high >> 63) ^ 1;
  return finish(sf, sign, exp - <i32>by, (high << by) | ((low >> 63) & by), low << by);
}

@inline
export function quickDiv(sf: usize, headA: u32, sigA: u64, headB: u32, sigB: u64): u64 {
  const sign = (headA ^ headB) & 0x8000;
  if (!isNormal(headA, sigA) || !isNormal(headB, sigB)) {
    return zeroOf(sf, sign, isZero(headA, sigA) && isNormal(headB, sigB));
  }
  const exp = <i32>(headA & EXP_MASK) - <i32>(headB & EXP_MASK) + 16383;
  const whole = sigA >= sigB;
  const quotient = divideHigh(sf, whole ? sigA - sigB : sigA, sigB);
  const rest = load<u64>(sf, Soft.remainder);
  if (whole) return finish(sf, sign, exp, (quotient >> 1) | INTEGER_BIT, (quotient << 63) | u64(rest != 0));
  // The next bit of the quotient is 1 if twice the rest reaches the divisor.
  const other = sigB - rest;
  const low = rest > other ? HALF | 1 : rest == other ? HALF : u64(rest != 0);
  return finish(sf, sign, exp - 1, quotient, low);
}

/** The square root: an estimate with 52 bits, corrected by what its square lacks. */
@inline
export function quickSqrt(sf: usize, head: u32, sig: u64): u64 {
  if (!isNormal(head, sig) || (head & 0x8000) != 0) return leave(sf, isZero(head, sig) ? <i32>head : NOT_QUICK, 0);
  const exp = <i32>(head & EXP_MASK) - BIAS;
  // The radicand has 128 bits, of which at least one of the first two is set.
  const even = <u64>(~exp & 1);
  const high = sig >> even;
  const low = (sig << 63) & (0 - even);
  let root = fromNearly(sqrt<f64>(nearly(high)) * 4294967296.0);
  let restLow = low - root * root;
  let rest = <i64>(high - mulHigh(root, root) - u64(low < root * root));
  root = addEstimate(root, <i64>((<f64>rest * TWO_TO_64 + nearly(restLow)) / (2.0 * nearly(root))));
  restLow = low - root * root;
  rest = <i64>(high - mulHigh(root, root) - u64(low < root * root));
  while (rest < 0) {
    root--;
    const next = restLow + ((root << 1) | 1);
    rest += <i64>(root >> 63) + i64(next < restLow);
    restLow = next;
  }
  // Above 2 * root, the next root fits too.
  while (rest > <i64>(root >> 63) || (rest == <i64>(root >> 63) && restLow > root << 1)) {
    const next = restLow - ((root << 1) | 1);
    rest -= <i64>(root >> 63) + i64(next > restLow);
    restLow = next;
    root++;
  }
  // The middle to the next root is root + 1/4 above the square.
  const above = rest != 0 || restLow > root;
  const sticky = u64(((<u64>rest) | restLow) != 0);
  return finish(sf, 0, (exp >> 1) + BIAS, root, (u64(above) << 63) | sticky);
}
