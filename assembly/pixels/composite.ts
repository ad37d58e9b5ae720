// Porter-Duff operators on lines of premultiplied 32-bit pixels, with pixman's arithmetic: products of bytes are
// rounded to the nearest of 255 steps, each by itself, and sums saturate.
//
// result = source * Fa + target * Fb, where Fa is 0, 1, or the target's alpha or its complement, and Fb the same of the
// source's alpha. Both are written as (alpha AND use) XOR complement.

import * as P from "../layout/pixels";

const ALPHAS: v128 = i8x16(3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);

/** The alpha of four pixels in each of their bytes. */
@inline
function alphas(pixels: v128): v128 {
  return i8x16.swizzle(pixels, ALPHAS);
}

@inline
function roundedHalf(product: v128): v128 {
  const biased = i16x8.add(product, i16x8.splat(128));
  return i16x8.shr_u(i16x8.add(biased, i16x8.shr_u(biased, 8)), 8);
}

/** Byte by byte a * b / 255, rounded. */
@inline
function multiply(a: v128, b: v128): v128 {
  return i8x16.narrow_i16x8_u(
    roundedHalf(i16x8.extmul_low_i8x16_u(a, b)),
    roundedHalf(i16x8.extmul_high_i8x16_u(a, b)),
  );
}

/**
 * source = source IN mask, and the mask line becomes the source's alpha as each component sees it. Without a mask only
 * the latter.
 */
export function applyAlphaMask(p: usize, hasMask: bool, perComponent: bool, count: i32): void {
  const end = p + ((<usize>count) << 2);
  for (let at = p; at < end; at += 16) {
    let s = v128.load(at, P.sourceLine);
    let a = alphas(s);
    if (hasMask) {
      const m = v128.load(at, P.alphaLine);
      const by = perComponent ? m : alphas(m);
      s = multiply(s, by);
      a = multiply(a, by);
      v128.store(at, s, P.sourceLine);
    }
    v128.store(at, a, P.alphaLine);
  }
}

@inline
function factor(alpha: v128, use: v128, complement: v128): v128 {
  return v128.xor(v128.and(alpha, use), complement);
}

function combineFactors(p: usize, fa: u32, fb: u32, count: i32): void {
  const useA = i32x4.splat(0 - (fa & 1));
  const complementA = i32x4.splat(0 - (fa >> 1));
  const useB = i32x4.splat(0 - (fb & 1));
  const complementB = i32x4.splat(0 - (fb >> 1));
  const end = p + ((<usize>count) << 2);
  for (let at = p; at < end; at += 16) {
    const s = v128.load(at, P.sourceLine);
    const d = v128.load(at, P.targetLine);
    const scaledSource = multiply(s, factor(alphas(d), useA, complementA));
    const scaledTarget = multiply(d, factor(v128.load(at, P.alphaLine), useB, complementB));
    v128.store(at, i8x16.add_sat_u(scaledSource, scaledTarget), P.targetLine);
  }
}

const ZERO: u32 = 0;
const ALPHA: u32 = 1;
const ONE: u32 = 2;
const COMPLEMENT: u32 = 3;

/** Operators below SATURATE; false for any other. Wants the lines as applyAlphaMask leaves them. */
export function combinePorterDuff(p: usize, operator: u32, count: i32): bool {
  switch (operator) {
    case P.COMPOSITE_CLEAR:
      combineFactors(p, ZERO, ZERO, count);
      return true;
    case P.COMPOSITE_SRC:
      combineFactors(p, ONE, ZERO, count);
      return true;
    case P.COMPOSITE_DST:
      return true;
    case P.COMPOSITE_OVER:
      combineFactors(p, ONE, COMPLEMENT, count);
      return true;
    case P.COMPOSITE_OVER_REVERSE:
      combineFactors(p, COMPLEMENT, ONE, count);
      return true;
    case P.COMPOSITE_IN:
      combineFactors(p, ALPHA, ZERO, count);
      return true;
    case P.COMPOSITE_IN_REVERSE:
      combineFactors(p, ZERO, ALPHA, count);
      return true;
    case P.COMPOSITE_OUT:
      combineFactors(p, COMPLEMENT, ZERO, count);
      return true;
    case P.COMPOSITE_OUT_REVERSE:
      combineFactors(p, ZERO, COMPLEMENT, count);
      return true;
    case P.COMPOSITE_ATOP:
      combineFactors(p, ALPHA, COMPLEMENT, count);
      return true;
    case P.COMPOSITE_ATOP_REVERSE:
      combineFactors(p, COMPLEMENT, ALPHA, count);
      return true;
    case P.COMPOSITE_XOR:
      combineFactors(p, COMPLEMENT, COMPLEMENT, count);
      return true;
    case P.COMPOSITE_ADD:
      combineFactors(p, ONE, ONE, count);
      return true;
    default:
      return false;
  }
}
