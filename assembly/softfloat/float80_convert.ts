// From the 80-bit format to the others: binary32 and binary64, integers, packed decimal numbers.

import * as Soft from "../layout/softfloat";
import { signBit, significandBits } from "./bits";
import {
  BIAS,
  classify,
  DENORMAL,
  EXP_MASK,
  headOf,
  INFINITE,
  INTEGER_BIT,
  narrowSpecial,
  pack80,
  QNAN,
  unpack80,
  ZERO,
} from "./float80";
import { denormals, propagateOne } from "./float80_arith";
import { bias, raiseFlags, roundPack, roundSignificand, setNormalized, shiftRightSticky } from "./number";

/** What an unmasked exception keeps from being stored in memory: PE comes after the store. */
export const BEFORE_STORE: u32 = 0x19; // IE OE UE

/** Exponent field of a normal number whose neighbour is normal too in T; otherwise above every such field. */
@inline
function quickField<T>(head: u32): u32 {
  return (head & EXP_MASK) - <u32>(BIAS - bias<T>()) - 1;
}

/** Whether `narrowQuick` applies: a normal number within the range of T, rounding to nearest. */
@inline
export function canNarrow<T>(head: u32, sig: u64, fcw: u32): bool {
  const largest = <u32>(2 * bias<T>() - 2);
  return (fcw & 0xc00) == 0 && quickField<T>(head) < largest && (sig & INTEGER_BIT) != 0;
}

/** Whether what is kept of a significand is rounded up: above the middle, or in the middle and odd. */
@inline
function roundsUp(sig: u64, drop: u64): u64 {
  return u64(sig << (64 - drop) > INTEGER_BIT - ((sig >> drop) & 1));
}

@inline
export function narrowQuick<T>(head: u32, sig: u64): T {
  const drop = 63 - significandBits<T>();
  const sign = (head & 0x8000) != 0 ? signBit<T>() : <T>0;
  const field = (<u64>quickField<T>(head)) << significandBits<T>();
  return sign | (<T>(field + (sig >> drop) + roundsUp(sig, drop)));
}

/** The status bits that go with it: PE and C1. */
@inline
export function narrowQuickFlags<T>(sig: u64): u32 {
  const drop = 63 - significandBits<T>();
  return (u32(sig << (64 - drop) != 0) << 5) | ((<u32>roundsUp(sig, drop)) << 9);
}

/** Rounds to binary32 or binary64; exceptions go to the work area. */
export function narrow<T>(sf: usize, at: usize): T {
  const kind = classify(at);
  const copy = sf + Soft.result80;
  if (kind >= QNAN) {
    const delivered = propagateOne(sf, at, kind, copy);
    return delivered ? narrowSpecial<T>(copy) : <T>0;
  }
  unpack80(sf + Soft.R, at);
  return roundPack<T>(sf);
}

/** Rounds the finite R below 2^64 to an integer, whose magnitude is returned; raises PE. */
function roundMagnitude(sf: usize): u64 {
  const r = sf + Soft.R;
  const exp = load<i32>(r, Soft.exp);
  shiftRightSticky(r, <u32>(63 - exp));
  if (roundSignificand(sf, 64)) raiseFlags(sf, Soft.PE);
  return load<u64>(r, Soft.sig);
}

/** The integer's magnitude, or with IE raised 0 if it is above `limit` (`limit` - 1 for positive numbers if `uneven`). */
export function integerMagnitude(sf: usize, at: usize, limit: u64, uneven: bool): u64 {
  const kind = classify(at);
  if (kind == ZERO) return 0;
  if (kind < INFINITE) {
    unpack80(sf + Soft.R, at);
    if (load<i32>(sf + Soft.R, Soft.exp) < 64) {
      const magnitude = roundMagnitude(sf);
      const positive = u64(uneven && headOf(at) >> 15 == 0);
      if (magnitude <= limit - positive) return magnitude;
    }
  }
  store<u32>(sf, Soft.IE, Soft.flags);
  store<u32>(sf, 0, Soft.roundedUp);
  return 0;
}

/** Rounds to a signed integer of `bits` bits; with IE the smallest one. */
export function toInteger(sf: usize, at: usize, bits: u32): i64 {
  const limit: u64 = (<u64>1) << (bits - 1);
  const magnitude = integerMagnitude(sf, at, limit, true);
  if (load<u32>(sf, Soft.flags) & Soft.IE) return 0 - <i64>limit;
  return headOf(at) >> 15 ? 0 - <i64>magnitude : <i64>magnitude;
}

/** to = a rounded to an integral value. */
export function roundIntegral(sf: usize, a: usize, to: usize): bool {
  const kind = classify(a);
  if (kind >= QNAN) return propagateOne(sf, a, kind, to);
  if (!denormals(sf, kind == DENORMAL)) return false;
  const r = sf + Soft.R;
  unpack80(r, a);
  if (kind != ZERO && kind != INFINITE && load<i32>(r, Soft.exp) < 63) {
    const magnitude = roundMagnitude(sf);
    setNormalized(r, headOf(a) >> 15, 63, magnitude, 0);
  }
  pack80(sf, to);
  return true;
}
