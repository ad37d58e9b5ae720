// Rounding of floating-point numbers to integers, by the mode in MXCSR or another, with its flags.

import * as Cpu from "../../layout/cpu";
import * as Soft from "../../layout/softfloat";

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
  return <T>1 << <T>(sizeof<T>() * 8 - 1);
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
