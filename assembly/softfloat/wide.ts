// Arithmetic on numbers of 128 significant bits (sig:low of layout/softfloat.ts) for the transcendental functions. Results
// are truncated: an error of a few units in the last of 128 places, where the x87 keeps 64. Operands and result may be the
// same slot.

import * as Soft from "../layout/softfloat";
import { mulHigh } from "./arith";
import { setFinite, setNormalized, setZero, shiftRightSticky } from "./number";

/** Work slot n of the calculation. */
@inline
export function slot(sf: usize, n: u32): usize {
  return sf + Soft.W + <usize>n * Soft.W_SIZE;
}

@inline
export function copyWide(to: usize, from: usize): void {
  memory.copy(to, from, Soft.W_SIZE);
}

@inline
export function isZeroWide(a: usize): bool {
  return load<u32>(a, Soft.kind) == Soft.KIND_ZERO;
}

@inline
export function negate(a: usize): void {
  store<u32>(a, load<u32>(a, Soft.sign) ^ 1, Soft.sign);
}

/** A small integer, not 0. */
export function setInteger(to: usize, value: u32): void {
  setNormalized(to, 0, 63, <u64>value, 0);
}

export function mulWide(to: usize, a: usize, b: usize): void {
  const sign = load<u32>(a, Soft.sign) ^ load<u32>(b, Soft.sign);
  if (isZeroWide(a) || isZeroWide(b)) return setZero(to, sign);
  const sigA = load<u64>(a, Soft.sig);
  const sigB = load<u64>(b, Soft.sig);
  const middle = mulHigh(sigA, load<u64>(b, Soft.low));
  const other = mulHigh(load<u64>(a, Soft.low), sigB);
  let low = sigA * sigB;
  let high = mulHigh(sigA, sigB);
  low += middle;
  high += u64(low < middle);
  low += other;
  high += u64(low < other);
  setNormalized(to, sign, load<i32>(a, Soft.exp) + load<i32>(b, Soft.exp) + 1, high, low);
}

/** Divides by a small integer, digit by digit of 32 bits. */
export function divSmall(to: usize, a: usize, by: u32): void {
  const sign = load<u32>(a, Soft.sign);
  if (isZeroWide(a)) return setZero(to, sign);
  const divisor = <u64>by;
  const sig = load<u64>(a, Soft.sig);
  const low = load<u64>(a, Soft.low);
  const first = sig / divisor;
  let rest = sig % divisor;
  let part = (rest << 32) | (low >> 32);
  const second = part / divisor;
  rest = part % divisor;
  part = (rest << 32) | (low & 0xffffffff);
  setNormalized(to, sign, load<i32>(a, Soft.exp), first, (second << 32) | (part / divisor));
}

/** to = a + b. The slot of the smaller one is changed. */
export function addWide(to: usize, a: usize, b: usize): void {
  if (isZeroWide(a)) return copyWide(to, b);
  if (isZeroWide(b)) return copyWide(to, a);
  let big = a;
  let small = b;
  if (isBelow(a, b)) {
    big = b;
    small = a;
  }
  const exp = load<i32>(big, Soft.exp);
  const sign = load<u32>(big, Soft.sign);
  const sig = load<u64>(big, Soft.sig);
  const low = load<u64>(big, Soft.low);
  if (big != small) shiftRightSticky(small, <u32>(exp - load<i32>(small, Soft.exp)));
  const otherSig = load<u64>(small, Soft.sig);
  const otherLow = load<u64>(small, Soft.low);
  if (sign != load<u32>(small, Soft.sign)) {
    setNormalized(to, sign, exp, sig - otherSig - u64(low < otherLow), low - otherLow);
    return;
  }
  const sumLow = low + otherLow;
  const carry = u64(sumLow < low);
  const sum = sig + otherSig;
  const total = sum + carry;
  if (sum < sig || total < sum) setFinite(to, sign, exp + 1, (total >> 1) | (1 << 63), (sumLow >> 1) | (total << 63));
  else setNormalized(to, sign, exp, total, sumLow);
}

/** Compares magnitudes of finite numbers. */
export function isBelow(a: usize, b: usize): bool {
  const expA = load<i32>(a, Soft.exp);
  const expB = load<i32>(b, Soft.exp);
  if (expA != expB) return expA < expB;
  const sigA = load<u64>(a, Soft.sig);
  const sigB = load<u64>(b, Soft.sig);
  return sigA != sigB ? sigA < sigB : load<u64>(a, Soft.low) < load<u64>(b, Soft.low);
}

/** to = a / b, both not zero: 128 steps of shifting and subtracting. */
export function divWide(to: usize, a: usize, b: usize): void {
  const sign = load<u32>(a, Soft.sign) ^ load<u32>(b, Soft.sign);
  const exp = load<i32>(a, Soft.exp) - load<i32>(b, Soft.exp);
  const sig = load<u64>(b, Soft.sig);
  const low = load<u64>(b, Soft.low);
  let rest = load<u64>(a, Soft.sig);
  let restLow = load<u64>(a, Soft.low);
  let carry = false;
  let quotient: u64 = 0;
  let quotientLow: u64 = 0;
  for (let i = 0; i < 128; i++) {
    const fits = carry || rest > sig || (rest == sig && restLow >= low);
    quotient = (quotient << 1) | (quotientLow >> 63);
    quotientLow = (quotientLow << 1) | u64(fits);
    if (fits) {
      rest -= sig + u64(restLow < low);
      restLow -= low;
    }
    carry = rest >> 63 != 0;
    rest = (rest << 1) | (restLow >> 63);
    restLow <<= 1;
  }
  setNormalized(to, sign, exp, quotient, quotientLow);
}
