// Pure operations on vectors that both xmm and mm instructions use. A mm operand is a vector whose upper half is zero.

import { bytesDown, bytesUp } from "./sse_operands";

export function mulHighSigned(a: v128, b: v128): v128 {
  return highWords(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b));
}

export function mulHighUnsigned(a: v128, b: v128): v128 {
  return highWords(i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b));
}

@inline
function highWords(low: v128, high: v128): v128 {
  return v128.shuffle<i16>(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
}

/** PMULHRSW: (a * b + 0x4000) >> 15, where -1 * -1 wraps to -1 instead of saturating. */
export function mulRoundHigh(a: v128, b: v128): v128 {
  const lowest = i16x8.splat(-0x8000);
  const wraps = v128.and(i16x8.eq(a, lowest), i16x8.eq(b, lowest));
  return v128.xor(i16x8.q15mulr_sat_s(a, b), wraps);
}

/** PSADBW: the sum of absolute differences of each eight bytes. */
export function sumOfDifferences(a: v128, b: v128): v128 {
  const difference = i8x16.sub(i8x16.max_u(a, b), i8x16.min_u(a, b));
  const pairs = i16x8.extadd_pairwise_i8x16_u(difference);
  const quads = i32x4.extadd_pairwise_i16x8_u(pairs);
  return i64x2.add(v128.and(quads, i64x2.splat(0xffffffff)), i64x2.shr_u(quads, 32));
}

export function shuffleBytes(a: v128, selector: v128): v128 {
  return i8x16.swizzle(a, v128.and(selector, i8x16.splat(-0x71)));
}

/** PALIGNR: 16 bytes of a:b from byte `count` on. */
export function alignBytes(a: v128, b: v128, count: u32): v128 {
  const n = min<u32>(count, 32);
  const fromA = n <= 16 ? bytesUp(a, 16 - n) : bytesDown(a, n - 16);
  return v128.or(bytesDown(b, n), fromA);
}

/** All ones in element n where bit n of `bits` is set. */
@inline
export function blendMask32(bits: u32): v128 {
  const each = i32x4(1, 2, 4, 8);
  return i32x4.eq(v128.and(i32x4.splat(bits), each), each);
}

/** PMADDUBSW: unsigned bytes of `a` times signed bytes of `b`, pairs added with saturation. */
export function mulAddBytes(a: v128, b: v128): v128 {
  const evenA = v128.and(a, i16x8.splat(0xff));
  const evenB = i16x8.shr_s(i16x8.shl(b, 8), 8);
  const oddA = i16x8.shr_u(a, 8);
  const oddB = i16x8.shr_s(b, 8);
  return i16x8.add_sat_s(i16x8.mul(evenA, evenB), i16x8.mul(oddA, oddB));
}

/** PSIGN: elements of `a` negated, kept or cleared by the sign of those of `b`. */
export function signBytes(a: v128, b: v128): v128 {
  const negative = i8x16.shr_s(b, 7);
  const turned = i8x16.sub(v128.xor(a, negative), negative);
  return v128.andnot(turned, i8x16.eq(b, i8x16.splat(0)));
}

export function signWords(a: v128, b: v128): v128 {
  const negative = i16x8.shr_s(b, 15);
  const turned = i16x8.sub(v128.xor(a, negative), negative);
  return v128.andnot(turned, i16x8.eq(b, i16x8.splat(0)));
}

export function signDwords(a: v128, b: v128): v128 {
  const negative = i32x4.shr_s(b, 31);
  const turned = i32x4.sub(v128.xor(a, negative), negative);
  return v128.andnot(turned, i32x4.eq(b, i32x4.splat(0)));
}
