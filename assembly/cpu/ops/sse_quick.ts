// When wasm's own arithmetic is what the processor would do. It rounds to nearest and knows no flags, so it serves in the
// default mode of MXCSR (all masked, nearest, no DAZ or FTZ) for operands that are zero or normal and results that are zero
// or clearly normal: then inexact is the only flag left. That one is sticky: once PE is set nothing needs to be found out;
// until then it is detected from the error of the operation.

import * as Cpu from "../../layout/cpu";

const MXCSR_PE: u32 = 0x20;
/** All bits but the flags. */
const MXCSR_MODE: u32 = 0xffc0;
const MXCSR_DEFAULT: u32 = 0x1f80;

@inline
export function isDefaultMode(cpu: usize): bool {
  return (load<u32>(cpu, Cpu.mxcsr) & MXCSR_MODE) == MXCSR_DEFAULT;
}

/** Default mode with PE already set. */
@inline
export function isRelaxed(cpu: usize): bool {
  return (load<u32>(cpu, Cpu.mxcsr) & (MXCSR_MODE | MXCSR_PE)) == (MXCSR_DEFAULT | MXCSR_PE);
}

@inline
function hasPrecisionFlag(cpu: usize): bool {
  return (load<u32>(cpu, Cpu.mxcsr) & MXCSR_PE) != 0;
}

/** Zero or at least the smallest normal number (infinities and NaNs show in the result). */
@inline
export function isPlain<F>(x: F): bool {
  if (sizeof<F>() == 8) return (reinterpret<u64>(<f64>x) << 1) - 1 >= 0x1fffffffffffff;
  return (reinterpret<u32>(<f32>x) << 1) - 1 >= 0xffffff;
}

/** Finite and at least twice the smallest normal number, so that no rounding question touches tininess. */
@inline
export function isSafe<F>(x: F): bool {
  if (sizeof<F>() == 8) return ((reinterpret<u64>(<f64>x) >> 52) & 0x7ff) - 2 < 0x7fd;
  return ((reinterpret<u32>(<f32>x) >> 23) & 0xff) - 2 < 0xfd;
}

/** The rounding error of r = a + b is zero (Knuth's two-sum). */
@inline
function isExactSum<F>(a: F, b: F, r: F): bool {
  const t = <F>(r - a);
  return <F>(<F>(a - <F>(r - t)) + <F>(b - t)) == <F>0;
}

/** Trailing zero bits of the significand; 52 and 23 at most. */
@inline
function trailingZeros<F>(x: F): u32 {
  if (sizeof<F>() == 8) return <u32>ctz(reinterpret<u64>(<f64>x) | ((<u64>1) << 52));
  return ctz(reinterpret<u32>(<f32>x) | (1 << 23));
}

/** The product surely fits the precision. */
@inline
function isExactProduct<F>(a: F, b: F): bool {
  return trailingZeros<F>(a) + trailingZeros<F>(b) >= (sizeof<F>() == 8 ? 53 : 24);
}

@inline
export function quickSum<F>(cpu: usize, a: F, b: F, r: F): bool {
  if (!isDefaultMode(cpu) || !isPlain<F>(a) || !isPlain<F>(b)) return false;
  if (!isSafe<F>(r) && r != <F>0) return false;
  return hasPrecisionFlag(cpu) || isExactSum<F>(a, b, r);
}

@inline
export function quickProduct<F>(cpu: usize, a: F, b: F, r: F): bool {
  if (!isDefaultMode(cpu) || !isPlain<F>(a) || !isPlain<F>(b)) return false;
  if (!isSafe<F>(r)) return r == <F>0 && (a == <F>0 || b == <F>0);
  return hasPrecisionFlag(cpu) || isExactProduct<F>(a, b);
}

@inline
export function quickQuotient<F>(cpu: usize, a: F, b: F, r: F): bool {
  if (!isDefaultMode(cpu) || !isPlain<F>(a) || !isPlain<F>(b)) return false;
  if (!isSafe<F>(r)) return r == <F>0 && a == <F>0;
  return hasPrecisionFlag(cpu) || (isExactProduct<F>(r, b) && <F>(r * b) == a);
}

@inline
export function quickRoot<F>(cpu: usize, a: F, r: F): bool {
  if (!isDefaultMode(cpu) || !isPlain<F>(a)) return false;
  if (!isSafe<F>(r)) return r == <F>0;
  return hasPrecisionFlag(cpu) || (isExactProduct<F>(r, r) && <F>(r * r) == a);
}

// Packed: all ones in the elements for which the above holds.

@inline
export function plain32(x: v128): v128 {
  const doubled = i32x4.sub(i32x4.shl(x, 1), i32x4.splat(1));
  return i32x4.ge_u(doubled, i32x4.splat(0xffffff));
}

@inline
export function plain64(x: v128): v128 {
  const normal = f64x2.ge(f64x2.abs(x), f64x2.splat(2.2250738585072014e-308));
  return v128.or(normal, f64x2.eq(x, f64x2.splat(0)));
}

@inline
export function safe32(r: v128): v128 {
  const field = v128.and(r, i32x4.splat(0x7f800000));
  return i32x4.lt_u(i32x4.sub(field, i32x4.splat(0x1000000)), i32x4.splat(0x7e800000));
}

@inline
export function safe64(r: v128): v128 {
  const size = f64x2.abs(r);
  return v128.and(f64x2.ge(size, f64x2.splat(4.450147717014403e-308)), f64x2.lt(size, f64x2.splat(Infinity)));
}
