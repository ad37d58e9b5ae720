// Addition, multiplication, division and square root of the numbers A and B into R, not yet rounded. The caller has dealt
// with NaNs and invalid operations before: what arrives here has a value.

import * as Soft from "../layout/softfloat";
import { setFinite, setInfinite, setNormalized, setZero, shiftRightSticky } from "./number";

function copyNumber(to: usize, from: usize): void {
  memory.copy(to, from, 32);
}

/** R = A + B, with B's sign flipped when `subtract`. */
export function addNumbers(sf: usize, subtract: bool): void {
  const a = sf + Soft.A;
  const b = sf + Soft.B;
  if (subtract) store<u32>(b, load<u32>(b, Soft.sign) ^ 1, Soft.sign);
  const kindA = load<u32>(a, Soft.kind);
  const kindB = load<u32>(b, Soft.kind);
  if (kindA == Soft.KIND_FINITE && kindB == Soft.KIND_FINITE) return addFinite(sf);
  if (kindA == Soft.KIND_ZERO && kindB == Soft.KIND_ZERO) return addZeros(sf);
  copyNumber(sf + Soft.R, kindA > kindB ? a : b);
}

/** Sum of zeros of different sign, or of opposite numbers: +0, but -0 when rounding down. */
@inline
function cancelledSign(sf: usize): u32 {
  return u32(load<u32>(sf, Soft.rounding) == Soft.ROUND_DOWN);
}

function addZeros(sf: usize): void {
  const sign = load<u32>(sf + Soft.A, Soft.sign);
  setZero(sf + Soft.R, sign == load<u32>(sf + Soft.B, Soft.sign) ? sign : cancelledSign(sf));
}

function addFinite(sf: usize): void {
  let big = sf + Soft.A;
  let small = sf + Soft.B;
  const expA = load<i32>(big, Soft.exp);
  const expB = load<i32>(small, Soft.exp);
  const swap = expA == expB ? load<u64>(big, Soft.sig) < load<u64>(small, Soft.sig) : expA < expB;
  if (swap) {
    big = sf + Soft.B;
    small = sf + Soft.A;
  }
  shiftRightSticky(small, <u32>(load<i32>(big, Soft.exp) - load<i32>(small, Soft.exp)));
  if (load<u32>(big, Soft.sign) == load<u32>(small, Soft.sign)) addMagnitudes(sf, big, small);
  else subtractMagnitudes(sf, big, small);
}

function addMagnitudes(sf: usize, big: usize, small: usize): void {
  const r = sf + Soft.R;
  const sig = load<u64>(big, Soft.sig) + load<u64>(small, Soft.sig);
  const low = load<u64>(small, Soft.low);
  const exp = load<i32>(big, Soft.exp);
  const sign = load<u32>(big, Soft.sign);
  if (sig >= load<u64>(big, Soft.sig)) setFinite(r, sign, exp, sig, low);
  else setFinite(r, sign, exp + 1, (sig >> 1) | (1 << 63), (low >> 1) | (sig << 63) | (low & 1));
}

function subtractMagnitudes(sf: usize, big: usize, small: usize): void {
  const r = sf + Soft.R;
  const borrow = load<u64>(small, Soft.low);
  const sig = load<u64>(big, Soft.sig) - load<u64>(small, Soft.sig) - u64(borrow != 0);
  if ((sig | borrow) == 0) setZero(r, cancelledSign(sf));
  else setNormalized(r, load<u32>(big, Soft.sign), load<i32>(big, Soft.exp), sig, 0 - borrow);
}

/** High half of a 64 x 64 bit product. */
export function mulHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (other >> 32);
}

/** R = A * B; zero times infinity does not arrive here. */
export function mulNumbers(sf: usize): void {
  const a = sf + Soft.A;
  const b = sf + Soft.B;
  const r = sf + Soft.R;
  const sign = load<u32>(a, Soft.sign) ^ load<u32>(b, Soft.sign);
  const kindA = load<u32>(a, Soft.kind);
  const kindB = load<u32>(b, Soft.kind);
  if (kindA == Soft.KIND_INFINITE || kindB == Soft.KIND_INFINITE) return setInfinite(r, sign);
  if (kindA == Soft.KIND_ZERO || kindB == Soft.KIND_ZERO) return setZero(r, sign);
  const sigA = load<u64>(a, Soft.sig);
  const sigB = load<u64>(b, Soft.sig);
  setNormalized(r, sign, load<i32>(a, Soft.exp) + load<i32>(b, Soft.exp) + 1, mulHigh(sigA, sigB), sigA * sigB);
}

export const TWO_TO_64: f64 = 18446744073709551616.0;
const TWO_TO_32: f64 = 4294967296.0;
/** The largest binary64 number below 2^63. */
const BELOW_TWO_TO_63: f64 = 9223372036854774784.0;

/** About x, for estimates. Numbers without a sign would be converted by way of a branch that depends on their first bit. */
@inline
export function nearly(x: u64): f64 {
  return <f64>(<i64>(x >> 1)) * 2.0;
}

/** About x, which is not negative, and below 2^64 or but a little above. */
@inline
export function fromNearly(x: f64): u64 {
  return (<u64>(<i64>min<f64>(x * 0.5, BELOW_TWO_TO_63))) << 1;
}

/** x + more, or all ones if that does not fit. */
@inline
export function addEstimate(x: u64, more: i64): u64 {
  const sum = x + <u64>more;
  return more > 0 && sum < x ? u64.MAX_VALUE : sum;
}

/**
 * The same of numbers with 53 bits, as binary64 has them: two digits of 32 bits by estimates that are wrong by 1 at the most. The
 * remainders are small, so that their lower 64 bits are all there is to them.
 */
function divideShort(sf: usize, high: u64, divisor: u64): u64 {
  const inverse = TWO_TO_32 / <f64>(<i64>divisor);
  const first = <i64>(<f64>(<i64>high) * inverse);
  const between = <i64>((high << 32) - <u64>first * divisor);
  const second = <i64>(<f64>between * inverse);
  let rest = (between << 32) - second * <i64>divisor;
  let quotient = <u64>(first << 32) + <u64>second;
  if (rest < 0) {
    quotient--;
    rest += <i64>divisor;
  } else if (rest >= <i64>divisor) {
    quotient++;
    rest -= <i64>divisor;
  }
  store<u64>(sf, (<u64>rest) << 11, Soft.remainder);
  return quotient;
}

/**
 * Quotient of the 128-bit number high:0 by `divisor`, whose top bit is set and which is above `high`; the remainder goes to
 * the work area. An estimate with 50 bits, corrected by what the remainder says, until that is right.
 */
export function divideHigh(sf: usize, high: u64, divisor: u64): u64 {
  if (((high | divisor) & 0x7ff) == 0) return divideShort(sf, high >> 11, divisor >> 11);
  const inverse = 1.0 / nearly(divisor);
  let quotient = fromNearly(nearly(high) * inverse * TWO_TO_64);
  // rest:low is the remainder, which can be negative.
  let product = quotient * divisor;
  let rest = <i64>(high - mulHigh(quotient, divisor) - u64(product != 0));
  quotient = addEstimate(quotient, <i64>((<f64>rest * TWO_TO_64 + nearly(0 - product)) * inverse));
  product = quotient * divisor;
  rest = <i64>(high - mulHigh(quotient, divisor) - u64(product != 0));
  let low: u64 = 0 - product;
  while (rest < 0) {
    quotient--;
    low += divisor;
    rest += i64(low < divisor);
  }
  while (rest > 0 || low >= divisor) {
    quotient++;
    rest -= i64(low < divisor);
    low -= divisor;
  }
  store<u64>(sf, low, Soft.remainder);
  return quotient;
}

/** R = A / B; 0/0 and infinity/infinity do not arrive here; x/0 gives infinity. */
export function divNumbers(sf: usize): void {
  const a = sf + Soft.A;
  const b = sf + Soft.B;
  const r = sf + Soft.R;
  const sign = load<u32>(a, Soft.sign) ^ load<u32>(b, Soft.sign);
  const kindA = load<u32>(a, Soft.kind);
  const kindB = load<u32>(b, Soft.kind);
  if (kindA == Soft.KIND_INFINITE || kindB == Soft.KIND_ZERO) return setInfinite(r, sign);
  if (kindA == Soft.KIND_ZERO || kindB == Soft.KIND_INFINITE) return setZero(r, sign);
  divFinite(sf, sign);
}

function divFinite(sf: usize, sign: u32): void {
  const a = sf + Soft.A;
  const b = sf + Soft.B;
  const sigA = load<u64>(a, Soft.sig);
  const sigB = load<u64>(b, Soft.sig);
  const exp = load<i32>(a, Soft.exp) - load<i32>(b, Soft.exp);
  if (sigA >= sigB) {
    // The integer digit is 1; the other 127 bits come from the remainder.
    const first = divideHigh(sf, sigA - sigB, sigB);
    const second = divideHigh(sf, load<u64>(sf, Soft.remainder), sigB);
    const sticky = u64((load<u64>(sf, Soft.remainder) | (second & 1)) != 0);
    setFinite(sf + Soft.R, sign, exp, (first >> 1) | (1 << 63), (first << 63) | (second >> 1) | sticky);
  } else {
    const first = divideHigh(sf, sigA, sigB);
    const second = divideHigh(sf, load<u64>(sf, Soft.remainder), sigB);
    setFinite(sf + Soft.R, sign, exp - 1, first, second | u64(load<u64>(sf, Soft.remainder) != 0));
  }
}

/** R = square root of A, which is not below zero (or is -0). */
export function sqrtNumber(sf: usize): void {
  const a = sf + Soft.A;
  if (load<u32>(a, Soft.kind) != Soft.KIND_FINITE) return copyNumber(sf + Soft.R, a);
  const exp = load<i32>(a, Soft.exp);
  const sig = load<u64>(a, Soft.sig);
  // The radicand is sig / 2^63 in [1, 2) or, for an odd exponent, twice that: in either case below 4, with 2^126 as its one.
  const odd = <u64>(exp & 1);
  squareRoot(sf, exp >> 1, odd ? sig : sig >> 1, odd ? 0 : sig << 63);
}

/**
 * Digit by digit: root has 64 bits after 64 rounds on the radicand high:low; the rest below 2 * root + 1 needs 65 bits and
 * is kept as restHigh:rest. One more round, of two zero digits, gives the rounding bit.
 */
function squareRoot(sf: usize, exp: i32, high: u64, low: u64): void {
  let root: u64 = 0;
  let rest: u64 = 0;
  let restHigh: u64 = 0;
  for (let i = 0; i < 64; i++) {
    restHigh = (restHigh << 2) | (rest >> 62);
    rest = (rest << 2) | (high >> 62);
    high = (high << 2) | (low >> 62);
    low <<= 2;
    const trialHigh = root >> 62;
    const trial = (root << 2) | 1;
    const fits = restHigh > trialHigh || (restHigh == trialHigh && rest >= trial);
    root = (root << 1) | u64(fits);
    if (fits) {
      restHigh -= trialHigh + u64(rest < trial);
      rest -= trial;
    }
  }
  const trialHigh = root >> 62;
  const trial = (root << 2) | 1;
  const nextHigh = (restHigh << 2) | (rest >> 62);
  const next = rest << 2;
  const half = nextHigh > trialHigh || (nextHigh == trialHigh && next >= trial);
  const sticky = u64((restHigh | rest) != 0);
  setFinite(sf + Soft.R, 0, exp, root, (u64(half) << 63) | sticky);
}
