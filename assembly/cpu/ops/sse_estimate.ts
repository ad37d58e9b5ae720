// RCP and RSQRT: approximations of 12 bits. The manual gives only a bound for their error; here they are the numbers of
// Intel's processors, which turn out to be the correctly rounded value for the middle of the interval that the operand's
// first 11 (RCP) or 10 (RSQRT) fraction bits name. Results that would be denormal are zero. MXCSR plays no part.

import { defaultNaN, isNaNBits, quiet, signBit } from "../../softfloat/bits";
import { xmmHost } from "../operand";
import { source, target } from "./sse_operands";

/** Fraction field of a number in [0.5, 1), rounded to 13 bits. */
@inline
function fractionOf(value: f64): u32 {
  return ((<u32>floor<f64>(value * 8192.0 + 0.5)) << 11) & 0x7fffff;
}

function reciprocal(bits: u32): u32 {
  const sign = bits & signBit<u32>();
  if (isNaNBits<u32>(bits)) return quiet<u32>(bits);
  const field = (bits >> 23) & 0xff;
  if (field == 0) return sign | 0x7f800000;
  if (field >= 253) return sign;
  const interval = (bits >> 12) & 0x7ff;
  return sign | ((253 - field) << 23) | fractionOf(1.0 / (1.0 + (<f64>interval + 0.5) / 2048.0));
}

function reciprocalRoot(bits: u32): u32 {
  if (isNaNBits<u32>(bits)) return quiet<u32>(bits);
  const field = (bits >> 23) & 0xff;
  if (field == 0) return (bits & signBit<u32>()) | 0x7f800000;
  if ((bits & signBit<u32>()) != 0) return defaultNaN<u32>();
  if (field == 255) return 0;
  const middle = 1.0 + (<f64>((bits >> 13) & 0x3ff) + 0.5) / 1024.0;
  // An odd distance from 2^0 leaves a factor of two under the root.
  const root = sqrt<f64>((field & 1) != 0 ? middle : middle * 2.0);
  const half = (<i32>field - 127) >> 1;
  return ((<u32>(126 - half)) << 23) | fractionOf(1.0 / root);
}

export function rcpss(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  if (from == 0) return false;
  store<u32>(target(cpu, rec), reciprocal(load<u32>(from)));
  return true;
}

export function rsqrtss(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  if (from == 0) return false;
  store<u32>(target(cpu, rec), reciprocalRoot(load<u32>(from)));
  return true;
}

export function rcpps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  for (let n: usize = 0; n < 16; n += 4) store<u32>(to + n, reciprocal(load<u32>(from + n)));
  return true;
}

export function rsqrtps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  for (let n: usize = 0; n < 16; n += 4) store<u32>(to + n, reciprocalRoot(load<u32>(from + n)));
  return true;
}
