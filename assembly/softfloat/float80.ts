// The 80-bit format of the x87: u64 significand with explicit integer bit, u16 sign and exponent behind it, at an address.

import * as Soft from "../layout/softfloat";
import { isDenormal, isSignaling, isZeroBits, magnitude, signBit, significandBits } from "./bits";
import { bias, raiseFlags, roundNumber, setFinite, setInfinite, setNormalized, setZero } from "./number";

export const BIAS: i32 = 16383;
export const MIN_EXP: i32 = -16382;
export const MAX_EXP: i32 = 16383;
export const EXP_MASK: u32 = 0x7fff;
export const INTEGER_BIT: u64 = 0x8000000000000000;
export const QUIET_BIT: u64 = 0x4000000000000000;
/** What an unmasked overflow subtracts from the exponent and an unmasked underflow adds (SDM vol. 1, 8.5.4). */
const WRAP: i32 = 24576;

// Classes, in an order that makes the tests cheap: everything from INVALID on has no value.
export const ZERO: u32 = 0;
export const NORMAL: u32 = 1;
export const DENORMAL: u32 = 2;
export const INFINITE: u32 = 3;
export const QNAN: u32 = 4;
export const SNAN: u32 = 5;
/** Unnormal, pseudo-infinity or pseudo-NaN (SDM vol. 1, 8.2.2). */
export const UNSUPPORTED: u32 = 6;

@inline
export function significandOf(at: usize): u64 {
  return load<u64>(at);
}

/** Sign and exponent. */
@inline
export function headOf(at: usize): u32 {
  return <u32>load<u16>(at, 8);
}

@inline
export function put80(at: usize, head: u32, significand: u64): void {
  store<u64>(at, significand);
  store<u16>(at, <u16>head, 8);
}

@inline
export function copy80(to: usize, from: usize): void {
  put80(to, headOf(from), significandOf(from));
}

/** The response to a masked invalid operation. */
@inline
export function putIndefinite(at: usize): void {
  put80(at, 0xffff, 0xc000000000000000);
}

export function classify(at: usize): u32 {
  return classOf(headOf(at), significandOf(at));
}

export function classOf(head: u32, sig: u64): u32 {
  const exp = head & EXP_MASK;
  if (exp == 0) return sig == 0 ? ZERO : DENORMAL;
  if (!(sig & INTEGER_BIT)) return UNSUPPORTED;
  if (exp != EXP_MASK) return NORMAL;
  if (sig == INTEGER_BIT) return INFINITE;
  return (sig & QUIET_BIT) != 0 ? QNAN : SNAN;
}

/** Unpacks anything that has a value. */
export function unpack80(slot: usize, at: usize): void {
  const head = headOf(at);
  const sig = significandOf(at);
  const sign = head >> 15;
  const exp = <i32>(head & EXP_MASK);
  if (exp == <i32>EXP_MASK) setInfinite(slot, sign);
  else if (exp != 0) setFinite(slot, sign, exp - BIAS, sig, 0);
  else setNormalized(slot, sign, MIN_EXP, sig, 0);
}

/** Packs R, which fits the format already. */
export function pack80(sf: usize, to: usize): void {
  const r = sf + Soft.R;
  const sign = load<u32>(r, Soft.sign) << 15;
  const kind = load<u32>(r, Soft.kind);
  if (kind == Soft.KIND_ZERO) return put80(to, sign, 0);
  if (kind == Soft.KIND_INFINITE) return put80(to, sign | EXP_MASK, INTEGER_BIT);
  const sig = load<u64>(r, Soft.sig);
  // A denormal lacks the integer bit and has the exponent of the smallest normal number, with 0 in the field.
  const exp = (sig & INTEGER_BIT) != 0 ? load<i32>(r, Soft.exp) + BIAS : 0;
  put80(to, sign | (<u32>exp), sig);
}

/** Rounds R to `precision` bits and packs it, with the exponent wrapped after an unmasked overflow or underflow. */
export function roundPack80(sf: usize, precision: u32, to: usize): void {
  const r = sf + Soft.R;
  if (load<u32>(r, Soft.kind) == Soft.KIND_FINITE) {
    const before = load<u32>(sf, Soft.flags);
    store<u32>(sf, before & ~(Soft.OE | Soft.UE), Soft.flags);
    roundNumber(sf, precision, MIN_EXP, MAX_EXP);
    const wrapped = load<u32>(sf, Soft.flags) & load<u32>(sf, Soft.unmasked);
    if (wrapped & (Soft.OE | Soft.UE)) wrapExponent(sf, (wrapped & Soft.OE) != 0);
    raiseFlags(sf, before);
  }
  pack80(sf, to);
}

function wrapExponent(sf: usize, down: bool): void {
  const r = sf + Soft.R;
  const exp = load<i32>(r, Soft.exp) + (down ? -WRAP : WRAP);
  if (exp >= MIN_EXP && exp <= MAX_EXP) return store<i32>(r, exp, Soft.exp);
  // Only FSCALE goes that far.
  raiseFlags(sf, Soft.PE);
  store<u32>(sf, u32(down), Soft.roundedUp);
  if (down) setInfinite(r, load<u32>(r, Soft.sign));
  else setZero(r, load<u32>(r, Soft.sign));
}

/** The NaN that an operation on two operands gives, at least one of which is a NaN (SDM vol. 1, table 4-7). */
export function putNaN(to: usize, a: usize, classA: u32, b: usize, classB: u32): void {
  let from = a;
  if (classA < QNAN) from = b;
  else if (classB >= QNAN) {
    if (classA == classB || (classA == QNAN && classB == QNAN)) from = largerNaN(a, b);
    else from = classA == QNAN ? a : b;
  }
  put80(to, headOf(from), significandOf(from) | QUIET_BIT);
}

/** Of equal significands the positive one. */
function largerNaN(a: usize, b: usize): usize {
  const sigA = significandOf(a) | QUIET_BIT;
  const sigB = significandOf(b) | QUIET_BIT;
  if (sigA != sigB) return sigA > sigB ? a : b;
  return headOf(a) <= headOf(b) ? a : b;
}

/** Widens binary32 or binary64; a signaling NaN stays one. Returns the exceptions that loading it would raise. */
export function widen<T>(to: usize, bits: T): u32 {
  const sign = (<u32>(bits >> (<T>(sizeof<T>() * 8 - 1)))) << 15;
  const abs = magnitude<T>(bits);
  const shift = 63 - significandBits<T>();
  const aligned = (<u64>abs) << (<u64>shift);
  const field = <u32>(abs >> (<T>significandBits<T>()));
  const largest = <u32>(bias<T>() * 2);
  if (field - 1 < largest) {
    put80(to, sign | (field + <u32>(BIAS - bias<T>())), aligned | INTEGER_BIT);
    return 0;
  }
  if (isZeroBits<T>(bits)) {
    put80(to, sign, 0);
    return 0;
  }
  if (isDenormal<T>(bits)) {
    const zeros = <u32>clz(aligned);
    put80(to, sign | (<u32>(BIAS - bias<T>() + 1) - zeros), aligned << (<u64>zeros));
    return Soft.DE;
  }
  put80(to, sign | EXP_MASK, aligned | INTEGER_BIT);
  return isSignaling<T>(bits) ? Soft.IE : 0;
}

export function widenInteger(to: usize, value: i64): void {
  if (value == 0) return put80(to, 0, 0);
  const sign: u32 = value < 0 ? 0x8000 : 0;
  const abs = value < 0 ? 0 - <u64>value : <u64>value;
  const zeros = <u32>clz(abs);
  put80(to, sign | (<u32>(BIAS + 63) - zeros), abs << (<u64>zeros));
}

/** Whether T's NaN bits are quiet is the same question in every format; infinity keeps its sign. */
export function narrowSpecial<T>(at: usize): T {
  const sign = (headOf(at) & 0x8000) != 0 ? signBit<T>() : <T>0;
  const width = <T>significandBits<T>();
  const exponentBits: u64 = sizeof<T>() * 8 - 1 - significandBits<T>();
  const all = (<T>(((<u64>1) << exponentBits) - 1)) << width;
  const fraction = <T>((significandOf(at) << 1) >> (<u64>(64 - significandBits<T>())));
  return sign | all | fraction;
}
