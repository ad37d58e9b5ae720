// The partial remainder of the x87.

import * as Soft from "../layout/softfloat";
import { classify, DENORMAL, headOf, INFINITE, QNAN, roundPack80, unpack80, ZERO } from "./float80";
import { denormals, invalid, propagate } from "./float80_arith";
import { setNormalized } from "./number";

/** The reduction is not complete. */
export const PARTIAL: i32 = -1;
/** There is no result to store. */
export const NO_RESULT: i32 = -2;
/** The operation was invalid; the result is the answer to that. */
export const INVALID: i32 = -3;

/**
 * to = the remainder of a / b, truncated (FPREM) or with `nearest` rounded to nearest (FPREM1). Returns the low three bits
 * of the quotient, or one of the codes above.
 */
export function remainder80(sf: usize, a: usize, b: usize, to: usize, nearest: bool): i32 {
  const classA = classify(a);
  const classB = classify(b);
  if (classA >= QNAN || classB >= QNAN) return propagate(sf, a, classA, b, classB, to) ? INVALID : NO_RESULT;
  if (classA == INFINITE || classB == ZERO) return invalid(sf, to) ? INVALID : NO_RESULT;
  if (!denormals(sf, classA == DENORMAL || classB == DENORMAL)) return NO_RESULT;
  unpack80(sf + Soft.A, a);
  unpack80(sf + Soft.B, b);
  let quotient: i32 = 0;
  if (classA != ZERO && classB != INFINITE) quotient = reduce(sf, headOf(a) >> 15, nearest);
  else memory.copy(sf + Soft.R, sf + Soft.A, Soft.W_SIZE);
  roundPack80(sf, 64, to);
  return quotient;
}

/** R = the remainder of the finite numbers A and B. */
function reduce(sf: usize, sign: u32, nearest: bool): i32 {
  const r = sf + Soft.R;
  const sigA = load<u64>(sf + Soft.A, Soft.sig);
  const sigB = load<u64>(sf + Soft.B, Soft.sig);
  const expB = load<i32>(sf + Soft.B, Soft.exp);
  const distance = load<i32>(sf + Soft.A, Soft.exp) - expB;
  if (distance < 0) {
    // Smaller than the divisor; half of it is exceeded only with the next exponent.
    if (nearest && distance == -1 && sigA > sigB) {
      setNormalized(r, sign ^ 1, expB - 1, (sigB << 1) - sigA, 0);
      return 1;
    }
    setNormalized(r, sign, distance + expB, sigA, 0);
    return 0;
  }
  // At most 63 bits at a time; Intel's processors leave a multiple of 32 bits to be done (SDM, FPREM).
  const steps = distance < 64 ? distance : 32 + (distance & 31);
  let rest = sigA;
  let quotient: u32 = 0;
  if (rest >= sigB) {
    rest -= sigB;
    quotient = 1;
  }
  for (let i = 0; i < steps; i++) {
    const carry = rest >> 63 != 0;
    rest <<= 1;
    quotient <<= 1;
    if (carry || rest >= sigB) {
      rest -= sigB;
      quotient |= 1;
    }
  }
  if (distance >= 64) {
    setNormalized(r, sign, expB + distance - steps, rest, 0);
    return PARTIAL;
  }
  const other = sigB - rest;
  if (nearest && (rest > other || (rest == other && (quotient & 1) != 0))) {
    setNormalized(r, sign ^ 1, expB, other, 0);
    return <i32>((quotient + 1) & 7);
  }
  setNormalized(r, sign, expB, rest, 0);
  return <i32>(quotient & 7);
}
