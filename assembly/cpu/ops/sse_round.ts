// Rounding of floating-point numbers to integers, by the mode in MXCSR or another, with its flags.

import * as Cpu from "../../layout/cpu";
import * as Soft from "../../layout/softfloat";
import { flushOperand, isNaNBits, isSignaling, quiet } from "../../softfloat/bits";
import { xmmHost } from "../operand";
import { addFlags, beginFloat, dazOf, settleFlags } from "./sse_float";
import { immediate, source, target } from "./sse_operands";

@inline
export function roundingOf(cpu: usize): u32 {
  return (load<u32>(cpu, Cpu.mxcsr) >> 13) & 3;
}

/** The integral number next to a number that is no NaN. */
export function toIntegral<F>(x: F, mode: u32): F {
  if (mode == Soft.ROUND_NEAREST) return nearest<F>(x);
  if (mode == Soft.ROUND_DOWN) return floor<F>(x);
  if (mode == Soft.ROUND_UP) return ceil<F>(x);
  return trunc<F>(x);
}

/** The integer indefinite: what an invalid conversion gives. */
@inline
function indefinite<T>(): T {
  const top = <T>(sizeof<T>() * 8 - 1);
  return (<T>1) << top;
}

/** Whether an integral number (or NaN) fits a signed integer as wide as T. */
@inline
function fits<T>(x: f64): bool {
  const limit = sizeof<T>() == 8 ? 9223372036854775808.0 : 2147483648.0;
  return x >= -limit && x < limit;
}

@inline
function nearestInteger<T>(x: f64): T {
  return sizeof<T>() == 8 ? <T>(<i64>x) : <T>(<i32>x);
}

/** x as an integer (T = u32 or u64). The flags of the conversion are left in the work area, added to those there. */
export function toInteger<T>(sf: usize, x: f64, mode: u32): T {
  // A NaN fails the range check; comparing before rounding would do as well, but for numbers just outside.
  const r = toIntegral<f64>(x, mode);
  if (!fits<T>(r)) {
    store<u32>(sf, load<u32>(sf, Soft.flags) | Soft.IE, Soft.flags);
    return indefinite<T>();
  }
  if (r != x) store<u32>(sf, load<u32>(sf, Soft.flags) | Soft.PE, Soft.flags);
  return nearestInteger<T>(r);
}

@inline
function integralBits<T>(bits: T, mode: u32): T {
  if (sizeof<T>() == 8) return <T>reinterpret<u64>(toIntegral<f64>(reinterpret<f64>(<u64>bits), mode));
  return <T>reinterpret<u32>(toIntegral<f32>(reinterpret<f32>(<u32>bits), mode));
}

/** Bit 3 of ROUND's immediate: do not report an inexact result. Bit 2: the mode of MXCSR instead of bits 0-1. */
function roundElements<T>(cpu: usize, rec: usize, from: usize, count: i32): bool {
  const control = immediate(rec);
  const mode = (control & 4) != 0 ? roundingOf(cpu) : control & 3;
  const sf = beginFloat(cpu);
  for (let n = 0; n < count; n++) {
    const at = <usize>n * sizeof<T>();
    const x = flushOperand<T>(load<T>(from + at), dazOf(cpu));
    let r: T;
    if (isNaNBits<T>(x)) {
      r = quiet<T>(x);
      if (isSignaling<T>(x)) addFlags(sf, Soft.IE);
    } else {
      r = integralBits<T>(x, mode);
      if (r != x && (control & 8) == 0) addFlags(sf, Soft.PE);
    }
    store<T>(sf + at, r, Soft.laneR);
  }
  if (!settleFlags(cpu)) return false;
  memory.copy(target(cpu, rec), sf + Soft.laneR, <usize>count * sizeof<T>());
  return true;
}

export function roundps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  return from != 0 && roundElements<u32>(cpu, rec, from, 4);
}

export function roundpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  return from != 0 && roundElements<u64>(cpu, rec, from, 2);
}

export function roundss(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  return from != 0 && roundElements<u32>(cpu, rec, from, 1);
}

export function roundsd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && roundElements<u64>(cpu, rec, from, 1);
}
