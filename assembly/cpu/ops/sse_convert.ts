// Conversions between integers, binary32 and binary64 (SDM vol. 1, 11.4.1.6).

import * as Record from "../../layout/record";
import * as Soft from "../../layout/softfloat";
import { flushOperand, isDenormal, isNaNBits, isSignaling } from "../../softfloat/bits";
import { roundPack, unpack, unpackInteger } from "../../softfloat/number";
import { rmHost, xmmHost } from "../operand";
import { addFlags, beginFloat, dazOf, settleFlags, softOf } from "./sse_float";
import { put, putGeneral, source, target } from "./sse_operands";
import { isDefaultMode, isPlain, isRelaxed, isSafe } from "./sse_quick";
import { roundingOf, toInteger } from "./sse_round";

// Integer to floating point.

@inline
function signed<T>(value: T): i64 {
  return sizeof<T>() == 8 ? <i64>value : <i64>(<i32>value);
}

/** Rounds an integer to binary32 or binary64 bits (F), with flags in the work area. */
export function fromInteger<F>(sf: usize, value: i64): F {
  unpackInteger(sf + Soft.R, value);
  return roundPack<F>(sf);
}

export function cvtsi2sd<T>(cpu: usize, rec: usize): bool {
  const from = rmHost<T>(cpu, rec);
  if (from == 0) return false;
  const value = signed<T>(load<T>(from));
  const to = target(cpu, rec);
  if (sizeof<T>() == 4 || isRelaxed(cpu) || isShort(value)) {
    store<f64>(to, <f64>value);
    return true;
  }
  const bits = fromInteger<u64>(beginFloat(cpu), value);
  if (!settleFlags(cpu)) return false;
  store<u64>(to, bits);
  return true;
}

/** Fits 53 bits. */
@inline
function isShort(value: i64): bool {
  return <u64>(value + ((<i64>1) << 53)) <= (<u64>1) << 54;
}

export function cvtsi2ss<T>(cpu: usize, rec: usize): bool {
  const from = rmHost<T>(cpu, rec);
  if (from == 0) return false;
  const value = signed<T>(load<T>(from));
  const to = target(cpu, rec);
  if (isRelaxed(cpu) || <u64>(value + (1 << 24)) <= 1 << 25) {
    store<f32>(to, <f32>value);
    return true;
  }
  const bits = fromInteger<u32>(beginFloat(cpu), value);
  if (!settleFlags(cpu)) return false;
  store<u32>(to, bits);
  return true;
}

export function cvtdq2ps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  if (isRelaxed(cpu)) return put(to, f32x4.convert_i32x4_s(v128.load(from)));
  const sf = beginFloat(cpu);
  for (let n: usize = 0; n < 16; n += 4) {
    store<u32>(sf + n, fromInteger<u32>(sf, <i64>load<i32>(from + n)), Soft.laneR);
  }
  return settleFlags(cpu) && put(to, v128.load(sf, Soft.laneR));
}

export function cvtdq2pd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), f64x2.convert_low_i32x4_s(v128.load64_zero(from)));
}

// Floating point to integer. The value goes through binary64, which holds every binary32 number.

@inline
function widen<F>(bits: F, daz: bool): f64 {
  const value = flushOperand<F>(bits, daz);
  return sizeof<F>() == 8 ? reinterpret<f64>(<u64>value) : <f64>reinterpret<f32>(<u32>value);
}

/** Element of type F at `from` as an integer of type T; flags in the work area. */
@inline
function integerAt<T, F>(cpu: usize, from: usize, mode: u32): T {
  return toInteger<T>(softOf(cpu), widen<F>(load<F>(from), dazOf(cpu)), mode);
}

function scalarToInteger<T, F>(cpu: usize, rec: usize, mode: u32): bool {
  const from = xmmHost(cpu, rec, sizeof<F>(), false);
  if (from == 0) return false;
  store<u32>(softOf(cpu), 0, Soft.flags);
  const value = integerAt<T, F>(cpu, from, mode);
  return settleFlags(cpu) && putGeneral<T>(cpu, load<u8>(rec, Record.reg), value);
}

export function cvtss2si<T>(cpu: usize, rec: usize): bool {
  return scalarToInteger<T, u32>(cpu, rec, roundingOf(cpu));
}

export function cvttss2si<T>(cpu: usize, rec: usize): bool {
  return scalarToInteger<T, u32>(cpu, rec, Soft.ROUND_ZERO);
}

export function cvtsd2si<T>(cpu: usize, rec: usize): bool {
  return scalarToInteger<T, u64>(cpu, rec, roundingOf(cpu));
}

export function cvttsd2si<T>(cpu: usize, rec: usize): bool {
  return scalarToInteger<T, u64>(cpu, rec, Soft.ROUND_ZERO);
}

/** `count` elements of type F to 32-bit integers in the work area, the rest of its 16 bytes zero. False = #XM. */
export function packedToInteger<F>(cpu: usize, from: usize, mode: u32, count: i32): bool {
  const sf = beginFloat(cpu);
  v128.store(sf, i64x2.splat(0), Soft.laneR);
  for (let n = 0; n < count; n++) {
    store<u32>(sf + ((<usize>n) << 2), integerAt<u32, F>(cpu, from + <usize>n * sizeof<F>(), mode), Soft.laneR);
  }
  return settleFlags(cpu);
}

@inline
function putResults(cpu: usize, rec: usize): bool {
  return put(target(cpu, rec), v128.load(softOf(cpu), Soft.laneR));
}

/** Within the range of 32-bit integers whatever the rounding: only PE can rise. */
@inline
function isSmall32(x: v128): bool {
  return i32x4.all_true(f32x4.lt(f32x4.abs(x), f32x4.splat(2147483520)));
}

export function cvtps2dq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const value = v128.load(from);
  if (isRelaxed(cpu) && isSmall32(value)) {
    return put(target(cpu, rec), i32x4.trunc_sat_f32x4_s(f32x4.nearest(value)));
  }
  return packedToInteger<u32>(cpu, from, roundingOf(cpu), 4) && putResults(cpu, rec);
}

export function cvttps2dq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const value = v128.load(from);
  if (isRelaxed(cpu) && isSmall32(value)) return put(target(cpu, rec), i32x4.trunc_sat_f32x4_s(value));
  return packedToInteger<u32>(cpu, from, Soft.ROUND_ZERO, 4) && putResults(cpu, rec);
}

export function cvtpd2dq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  return packedToInteger<u64>(cpu, from, roundingOf(cpu), 2) && putResults(cpu, rec);
}

export function cvttpd2dq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  return packedToInteger<u64>(cpu, from, Soft.ROUND_ZERO, 2) && putResults(cpu, rec);
}

// Between the floating-point formats.

/** Flags of an operand that is converted. */
@inline
function operandFlags<T>(bits: T): u32 {
  if (isNaNBits<T>(bits)) return isSignaling<T>(bits) ? Soft.IE : 0;
  return isDenormal<T>(bits) ? Soft.DE : 0;
}

/** binary64 to binary32; a NaN keeps the upper part of its payload. */
function narrow(sf: usize, bits: u64, daz: bool): u32 {
  const value = flushOperand<u64>(bits, daz);
  addFlags(sf, operandFlags<u64>(value));
  if (isNaNBits<u64>(value)) return (<u32>((value >> 63) << 31)) | 0x7fc00000 | ((<u32>(value >> 29)) & 0x3fffff);
  unpack<u64>(sf + Soft.R, value);
  return roundPack<u32>(sf);
}

/** binary32 to binary64, always exact. */
function wide(sf: usize, bits: u32, daz: bool): u64 {
  const value = flushOperand<u32>(bits, daz);
  addFlags(sf, operandFlags<u32>(value));
  if (!isNaNBits<u32>(value)) return reinterpret<u64>(<f64>reinterpret<f32>(value));
  return ((<u64>(value >> 31)) << 63) | ((<u64>0x7ff8) << 48) | ((<u64>(value & 0x3fffff)) << 29);
}

export function cvtsd2ss(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const value = load<f64>(from);
  const quick = <f32>value;
  if (value == 0.0 || (isSafe<f32>(quick) && (isRelaxed(cpu) || (isDefaultMode(cpu) && <f64>quick == value)))) {
    store<f32>(to, quick);
    return true;
  }
  const bits = narrow(beginFloat(cpu), load<u64>(from), dazOf(cpu));
  if (!settleFlags(cpu)) return false;
  store<u32>(to, bits);
  return true;
}

export function cvtss2sd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const value = load<f32>(from);
  if (isPlain<f32>(value) && value == value) {
    store<f64>(to, <f64>value);
    return true;
  }
  const bits = wide(beginFloat(cpu), load<u32>(from), dazOf(cpu));
  if (!settleFlags(cpu)) return false;
  store<u64>(to, bits);
  return true;
}

export function cvtpd2ps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const sf = beginFloat(cpu);
  const daz = dazOf(cpu);
  store<u32>(sf, narrow(sf, load<u64>(from), daz), Soft.laneR);
  store<u32>(sf, narrow(sf, load<u64>(from, 8), daz), Soft.laneR + 4);
  store<u64>(sf, 0, Soft.laneR + 8);
  return settleFlags(cpu) && putResults(cpu, rec);
}

export function cvtps2pd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  if (from == 0) return false;
  const sf = beginFloat(cpu);
  const daz = dazOf(cpu);
  store<u64>(sf, wide(sf, load<u32>(from), daz), Soft.laneR);
  store<u64>(sf, wide(sf, load<u32>(from, 4), daz), Soft.laneR + 8);
  return settleFlags(cpu) && putResults(cpu, rec);
}
