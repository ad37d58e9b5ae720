// The functions behind the transcendental instructions, on numbers of 128 bits (wide.ts). Arguments are finite and not
// zero; work slots are 0 to 7, the result's slot is the caller's. Errors stay below 2^-110, so that what the x87 rounds to
// 64 bits is nearly always the correctly rounded value.

import * as Soft from "../layout/softfloat";
import { setFinite, setNormalized, setZero } from "./number";
import { addWide, copyWide, divSmall, divWide, isBelow, isZeroWide, mulWide, negate, setInteger, slot } from "./wide";
import { setArctangent, setLn2, setLog2E, setPi } from "./wide_constants";

/** Terms that a power series needs whose ratio of terms is below 2^-bits. */
@inline
function terms(bits: i32, most: i32): i32 {
  return min<i32>(most, 2 + 126 / max<i32>(bits, 1));
}

/** to = 2^x - 1 for x up to 1 in magnitude. Slots 0 to 3. */
export function exp2Minus1(sf: usize, to: usize, x: usize): void {
  const z = slot(sf, 0);
  const sum = slot(sf, 1);
  const one = slot(sf, 2);
  setLn2(sum);
  mulWide(z, x, sum);
  // 1 + z/2 (1 + z/3 (1 + ...)), times z.
  setInteger(sum, 1);
  for (let k = terms(-1 - load<i32>(z, Soft.exp), 30); k >= 2; k--) {
    mulWide(sum, sum, z);
    divSmall(sum, sum, k);
    setInteger(one, 1);
    addWide(sum, sum, one);
  }
  mulWide(to, sum, z);
}

/** sum = 1 + square/3 + square^2/5 + ..., with alternating signs if `alternate`: atanh(t)/t or atan(t)/t. Slot 2. */
function oddSeries(sf: usize, sum: usize, square: usize, alternate: bool): void {
  const term = slot(sf, 2);
  const count = terms(-1 - load<i32>(square, Soft.exp), 26);
  setZero(sum, 0);
  for (let k = count; k >= 0; k--) {
    mulWide(sum, sum, square);
    if (alternate) negate(sum);
    setInteger(term, 1);
    divSmall(term, term, 2 * k + 1);
    addWide(sum, sum, term);
  }
}

/** to = log2((1 + t) / (1 - t)). Slots 0 to 2; t may be slot 3. */
function log2OfRatio(sf: usize, to: usize, t: usize): void {
  if (isZeroWide(t)) return setZero(to, 0);
  const square = slot(sf, 0);
  const sum = slot(sf, 1);
  mulWide(square, t, t);
  oddSeries(sf, sum, square, false);
  mulWide(sum, sum, t);
  setLog2E(square);
  mulWide(to, sum, square);
  store<i32>(to, load<i32>(to, Soft.exp) + (isZeroWide(to) ? 0 : 1), Soft.exp);
}

/** to = log2(x) for positive x. Slots 0 to 5; exact for powers of two. */
export function log2Wide(sf: usize, to: usize, x: usize): void {
  const t = slot(sf, 3);
  const other = slot(sf, 4);
  const sum = slot(sf, 5);
  let exp = load<i32>(x, Soft.exp);
  // The significand between sqrt(1/2) and sqrt(2).
  const sig = load<u64>(x, Soft.sig);
  const low = load<u64>(x, Soft.low);
  const half = sig >= 0xb504f333f9de6484;
  if (half) exp++;
  setInteger(t, 1);
  negate(t);
  setFinite(other, 0, half ? -1 : 0, sig, low);
  addWide(t, other, t);
  if (!isZeroWide(t)) {
    setFinite(other, 0, half ? -1 : 0, sig, low);
    setInteger(sum, 1);
    addWide(sum, other, sum);
    divWide(t, t, sum);
  }
  log2OfRatio(sf, to, t);
  if (exp == 0) return;
  setNormalized(sum, exp < 0 ? 1 : 0, 63, <u64>(exp < 0 ? -exp : exp), 0);
  addWide(to, to, sum);
}

/** to = log2(1 + x) for x above -1. Slots 0 to 6. */
export function log2Plus1(sf: usize, to: usize, x: usize): void {
  const sum = slot(sf, 6);
  const copy = slot(sf, 4);
  copyWide(copy, x);
  if (load<i32>(x, Soft.exp) >= -2) {
    setInteger(sum, 1);
    addWide(sum, sum, copy);
    return log2Wide(sf, to, sum);
  }
  // 1 + x = (1 + t) / (1 - t) for t = x / (2 + x), which loses nothing for small x.
  const t = slot(sf, 3);
  setInteger(sum, 2);
  addWide(sum, sum, copy);
  divWide(t, x, sum);
  log2OfRatio(sf, to, t);
}

/** to = atan(y / x) for positive x and y, between 0 and pi/2. Slots 0 to 7; y and x are left alone. */
export function arctangent(sf: usize, to: usize, y: usize, x: usize): void {
  const q = slot(sf, 3);
  const swap = isBelow(x, y);
  if (swap) divWide(q, x, y);
  else divWide(q, y, x);
  const k = nearestEighth(q);
  if (k != 0) {
    reduceArctangent(sf, q, k);
    if (isZeroWide(q)) setZero(to, 0);
    else arctangentSeries(sf, to, q);
    setArctangent(q, k);
    addWide(to, to, q);
  } else arctangentSeries(sf, to, q);
  if (!swap) return;
  negate(to);
  setPi(q, 0, -1);
  addWide(to, to, q);
}

/** The integer nearest to 8 q for q up to 1. */
function nearestEighth(q: usize): u32 {
  const exp = load<i32>(q, Soft.exp);
  if (exp < -4) return 0;
  const eighths = load<u64>(q, Soft.sig) >> (<u64>(63 - exp - 4));
  return <u32>((eighths + 1) >> 1);
}

/** q = (q - c) / (1 + q c) with c = k/8: the arctangent goes down by that of c. */
function reduceArctangent(sf: usize, q: usize, k: u32): void {
  const c = slot(sf, 4);
  const product = slot(sf, 5);
  const one = slot(sf, 6);
  setNormalized(c, 1, 60, <u64>k, 0);
  mulWide(product, q, c);
  negate(product);
  setInteger(one, 1);
  addWide(product, product, one);
  addWide(q, q, c);
  if (!isZeroWide(q)) divWide(q, q, product);
}

function arctangentSeries(sf: usize, to: usize, t: usize): void {
  const square = slot(sf, 0);
  const sum = slot(sf, 1);
  mulWide(square, t, t);
  oddSeries(sf, sum, square, true);
  mulWide(to, sum, t);
}

/**
 * r = x modulo pi/2, nearest to zero; returns the quotient modulo 4. pi has the 66 bits that processors since the 387 use
 * (SDM vol. 1, 8.3.8), and the remainder is exact. x is below 2^63 in magnitude; its sign is left out.
 */
export function reduceQuarter(sf: usize, r: usize, x: usize): u32 {
  const sig: u64 = 0xc90fdaa22168c234;
  const low: u64 = 0xc000000000000000;
  const exp = load<i32>(x, Soft.exp);
  let rest = load<u64>(x, Soft.sig);
  let restLow: u64 = 0;
  let quotient: u32 = 0;
  for (let i = 0; i <= exp; i++) {
    const carry = i != 0 && rest >> 63 != 0;
    if (i != 0) {
      rest = (rest << 1) | (restLow >> 63);
      restLow <<= 1;
    }
    quotient <<= 1;
    if (carry || rest > sig || (rest == sig && restLow >= low)) {
      rest -= sig + u64(restLow < low);
      restLow -= low;
      quotient |= 1;
    }
  }
  const scale = exp < 0 ? exp : 0;
  setNormalized(r, 0, scale, rest, restLow);
  // Beyond pi/4 the next multiple is nearer.
  const quarter = slot(sf, 0);
  setFinite(quarter, 0, -1, sig, low);
  if (isZeroWide(r) || !isBelow(quarter, r)) return quotient & 3;
  setFinite(quarter, 1, 0, sig, low);
  addWide(r, r, quarter);
  return (quotient + 1) & 3;
}

/** to = sin(r), r up to pi/4 in magnitude. Slots 0 to 2. */
export function sine(sf: usize, to: usize, r: usize): void {
  if (isZeroWide(r)) return copyWide(to, r);
  evenSeries(sf, r, 1);
  mulWide(to, slot(sf, 1), r);
}

/** to = cos(r). Slots 0 to 2. */
export function cosine(sf: usize, to: usize, r: usize): void {
  if (isZeroWide(r)) return setInteger(to, 1);
  evenSeries(sf, r, 0);
  copyWide(to, slot(sf, 1));
}

/** Slot 1 = 1 - r^2/(1+odd)(2+odd) (1 - r^2/(3+odd)(4+odd) (1 - ...)). */
function evenSeries(sf: usize, r: usize, odd: u32): void {
  const square = slot(sf, 0);
  const sum = slot(sf, 1);
  const one = slot(sf, 2);
  mulWide(square, r, r);
  setInteger(sum, 1);
  for (let k: u32 = terms(-1 - load<i32>(square, Soft.exp), 16); k >= 1; k--) {
    mulWide(sum, sum, square);
    divSmall(sum, sum, (2 * k + odd) * (2 * k - 1 + odd));
    negate(sum);
    setInteger(one, 1);
    addWide(sum, sum, one);
  }
}
