// Unpacked numbers in the work area (layout/softfloat.ts): conversion from bits, and rounding with packing back.
// The rounding core knows precision and exponent range only as arguments, so the x87 formats use it too.

import * as Soft from "../layout/softfloat";
import { infinity, isInfinite, isZeroBits, magnitude, signBit, significandBits } from "./bits";

export function setZero(slot: usize, sign: u32): void {
  store<u32>(slot, Soft.KIND_ZERO, Soft.kind);
  store<u32>(slot, sign, Soft.sign);
}

export function setInfinite(slot: usize, sign: u32): void {
  store<u32>(slot, Soft.KIND_INFINITE, Soft.kind);
  store<u32>(slot, sign, Soft.sign);
}

export function setFinite(slot: usize, sign: u32, exp: i32, sig: u64, low: u64): void {
  store<u32>(slot, Soft.KIND_FINITE, Soft.kind);
  store<u32>(slot, sign, Soft.sign);
  store<i32>(slot, exp, Soft.exp);
  store<u64>(slot, sig, Soft.sig);
  store<u64>(slot, low, Soft.low);
}

/** The same for a significand that is not normalised yet; zero if all bits are. */
export function setNormalized(slot: usize, sign: u32, exp: i32, sig: u64, low: u64): void {
  if (sig == 0) {
    if (low == 0) return setZero(slot, sign);
    sig = low;
    low = 0;
    exp -= 64;
  }
  const shift = clz(sig);
  if (shift != 0) {
    sig = (sig << shift) | (low >> (64 - shift));
    low <<= shift;
  }
  setFinite(slot, sign, exp - <i32>shift, sig, low);
}

@inline
export function bias<T>(): i32 {
  return sizeof<T>() == 8 ? 1023 : 127;
}

/** Unpacks anything but a NaN. */
export function unpack<T>(slot: usize, bits: T): void {
  const sign = <u32>(bits >> (<T>(sizeof<T>() * 8 - 1)));
  if (isZeroBits<T>(bits)) return setZero(slot, sign);
  if (isInfinite<T>(bits)) return setInfinite(slot, sign);
  const abs = magnitude<T>(bits);
  const field = <i32>(abs >> (<T>significandBits<T>()));
  const fraction = (<u64>abs) & (((<u64>1) << significandBits<T>()) - 1);
  const aligned = fraction << (63 - significandBits<T>());
  if (field == 0) setNormalized(slot, sign, 1 - bias<T>(), aligned, 0);
  else setFinite(slot, sign, field - bias<T>(), aligned | ((<u64>1) << 63), 0);
}

export function unpackInteger(slot: usize, value: i64): void {
  const sign = <u32>((<u64>value) >> 63);
  setNormalized(slot, sign, 63, sign ? 0 - <u64>value : <u64>value, 0);
}

/** Shifts the significand of `slot` right by `count` bits, collecting what falls out in bit 0 of `low`. */
export function shiftRightSticky(slot: usize, count: u32): void {
  const sig = load<u64>(slot, Soft.sig);
  const low = load<u64>(slot, Soft.low);
  if (count == 0) return;
  if (count < 64) {
    const lost = low << (64 - count);
    store<u64>(slot, sig >> count, Soft.sig);
    store<u64>(slot, (low >> count) | (sig << (64 - count)) | u64(lost != 0), Soft.low);
  } else if (count < 128) {
    const lost = count == 64 ? low : low | (sig << (128 - count));
    store<u64>(slot, 0, Soft.sig);
    store<u64>(slot, (sig >> (count - 64)) | u64(lost != 0), Soft.low);
  } else {
    store<u64>(slot, 0, Soft.sig);
    store<u64>(slot, u64((sig | low) != 0), Soft.low);
  }
}

/**
 * Whether R rounded to `precision` bits goes up in magnitude (1), stays (0), or needs no rounding (-1).
 * `rest` is what lies below the kept bits, its top bit the half.
 */
function roundDirection(sf: usize, odd: bool, rest: u64, sticky: bool): i32 {
  if (rest == 0 && !sticky) return -1;
  const mode = load<u32>(sf, Soft.rounding);
  if (mode == Soft.ROUND_NEAREST) {
    const half: u64 = 1 << 63;
    if (rest != half || sticky) return i32(rest >= half);
    return i32(odd);
  }
  if (mode == Soft.ROUND_ZERO) return 0;
  const negative = load<u32>(sf + Soft.R, Soft.sign) != 0;
  return i32((mode == Soft.ROUND_DOWN) == negative);
}

/**
 * Rounds R's significand to `precision` (1..64) bits without a bound on the exponent. Returns 1 if that was inexact.
 * A carry out of the top raises the exponent, also from a significand that was denormalised before.
 */
export function roundSignificand(sf: usize, precision: u32): bool {
  const r = sf + Soft.R;
  const sig = load<u64>(r, Soft.sig);
  const low = load<u64>(r, Soft.low);
  const drop = 64 - precision;
  const unit = (<u64>1) << drop;
  const rest = drop == 0 ? low : (sig << precision) | (low >> drop);
  const sticky = drop == 0 ? false : low << precision != 0;
  const direction = roundDirection(sf, (sig & unit) != 0, rest, sticky);
  let kept = sig & ~(unit - 1);
  store<u64>(r, 0, Soft.low);
  store<u32>(sf, u32(direction == 1), Soft.roundedUp);
  if (direction == 1) {
    kept += unit;
    if (kept == 0) {
      kept = 1 << 63;
      store<i32>(r, load<i32>(r, Soft.exp) + 1, Soft.exp);
    }
  }
  store<u64>(r, kept, Soft.sig);
  return direction >= 0;
}

@inline
export function raiseFlags(sf: usize, flags: u32): void {
  store<u32>(sf, load<u32>(sf, Soft.flags) | flags, Soft.flags);
}

/** Whether R is still below 2^minExp after rounding with unbounded exponent (SDM vol. 1, 4.9.1.5: tiny). */
export function isTiny(sf: usize, precision: u32, minExp: i32): bool {
  const r = sf + Soft.R;
  const exp = load<i32>(r, Soft.exp);
  if (exp >= minExp) return false;
  if (exp < minExp - 1) return true;
  const sig = load<u64>(r, Soft.sig);
  const low = load<u64>(r, Soft.low);
  roundSignificand(sf, precision);
  const tiny = load<i32>(r, Soft.exp) < minExp;
  setFinite(r, load<u32>(r, Soft.sign), exp, sig, low);
  return tiny;
}

/**
 * Rounds the finite R to a format of `precision` bits and exponents minExp..maxExp, raising OE, UE and PE. R may then be
 * zero, infinite, or have an unnormalised significand with exponent minExp (a denormal). After an unmasked overflow or
 * underflow R has the rounded value with its unbounded exponent.
 */
export function roundNumber(sf: usize, precision: u32, minExp: i32, maxExp: i32): void {
  const r = sf + Soft.R;
  const tiny = isTiny(sf, precision, minExp);
  if (tiny) {
    if (load<u32>(sf, Soft.unmasked) & Soft.UE) {
      raiseFlags(sf, roundSignificand(sf, precision) ? Soft.UE | Soft.PE : Soft.UE);
      return;
    }
    if (load<u32>(sf, Soft.flush)) {
      raiseFlags(sf, Soft.UE | Soft.PE);
      setZero(r, load<u32>(r, Soft.sign));
      return;
    }
  }
  const exp = load<i32>(r, Soft.exp);
  if (exp < minExp) {
    shiftRightSticky(r, <u32>(minExp - exp));
    store<i32>(r, minExp, Soft.exp);
  }
  const inexact = roundSignificand(sf, precision);
  if (inexact) raiseFlags(sf, tiny ? Soft.UE | Soft.PE : Soft.PE);
  if (load<u64>(r, Soft.sig) == 0) setZero(r, load<u32>(r, Soft.sign));
  else if (load<i32>(r, Soft.exp) > maxExp) overflow(sf, precision, maxExp);
}

function overflow(sf: usize, precision: u32, maxExp: i32): void {
  raiseFlags(sf, Soft.OE);
  if (load<u32>(sf, Soft.unmasked) & Soft.OE) return;
  raiseFlags(sf, Soft.PE);
  const r = sf + Soft.R;
  const sign = load<u32>(r, Soft.sign);
  const mode = load<u32>(sf, Soft.rounding);
  const toInfinity = mode == Soft.ROUND_NEAREST || mode == (sign ? Soft.ROUND_DOWN : Soft.ROUND_UP);
  store<u32>(sf, u32(toInfinity), Soft.roundedUp);
  if (toInfinity) setInfinite(r, sign);
  else setFinite(r, sign, maxExp, (<u64>-1) << (64 - precision), 0);
}

/** Rounds R to binary32 or binary64 and packs it. */
export function roundPack<T>(sf: usize): T {
  const r = sf + Soft.R;
  const precision = significandBits<T>() + 1;
  if (load<u32>(r, Soft.kind) == Soft.KIND_FINITE) roundNumber(sf, precision, 1 - bias<T>(), bias<T>());
  const sign = load<u32>(r, Soft.sign) ? signBit<T>() : <T>0;
  const kind = load<u32>(r, Soft.kind);
  if (kind == Soft.KIND_ZERO) return sign;
  if (kind == Soft.KIND_INFINITE) return sign | infinity<T>();
  const sig = load<u64>(r, Soft.sig) >> (63 - significandBits<T>());
  // Without the implicit bit (a denormal) the field is one lower, which adding instead of or-ing gives for free.
  const field = (<u64>(load<i32>(r, Soft.exp) + bias<T>() - 1)) << significandBits<T>();
  return sign | (<T>(field + sig));
}
