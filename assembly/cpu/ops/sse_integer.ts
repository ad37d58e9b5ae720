// Packed integer arithmetic, comparison and logic on xmm registers (SDM vol. 1, 11.4.2), with the same operations of SSE4.

import { put, source, target } from "./sse_operands";
import { mulHighSigned, mulHighUnsigned, mulRoundHigh, sumOfDifferences } from "./packed";

export function paddb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.add(v128.load(to), v128.load(from)));
}

export function paddw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.add(v128.load(to), v128.load(from)));
}

export function paddd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.add(v128.load(to), v128.load(from)));
}

export function paddq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i64x2.add(v128.load(to), v128.load(from)));
}

export function psubb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.sub(v128.load(to), v128.load(from)));
}

export function psubw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.sub(v128.load(to), v128.load(from)));
}

export function psubd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.sub(v128.load(to), v128.load(from)));
}

export function psubq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i64x2.sub(v128.load(to), v128.load(from)));
}

export function paddsb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.add_sat_s(v128.load(to), v128.load(from)));
}

export function paddsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.add_sat_s(v128.load(to), v128.load(from)));
}

export function paddusb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.add_sat_u(v128.load(to), v128.load(from)));
}

export function paddusw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.add_sat_u(v128.load(to), v128.load(from)));
}

export function psubsb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.sub_sat_s(v128.load(to), v128.load(from)));
}

export function psubsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.sub_sat_s(v128.load(to), v128.load(from)));
}

export function psubusb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.sub_sat_u(v128.load(to), v128.load(from)));
}

export function psubusw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.sub_sat_u(v128.load(to), v128.load(from)));
}

export function pavgb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.avgr_u(v128.load(to), v128.load(from)));
}

export function pavgw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.avgr_u(v128.load(to), v128.load(from)));
}

export function pminub(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.min_u(v128.load(to), v128.load(from)));
}

export function pmaxub(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.max_u(v128.load(to), v128.load(from)));
}

export function pminsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.min_s(v128.load(to), v128.load(from)));
}

export function pmaxsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.max_s(v128.load(to), v128.load(from)));
}

export function pminsb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.min_s(v128.load(to), v128.load(from)));
}

export function pmaxsb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.max_s(v128.load(to), v128.load(from)));
}

export function pminuw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.min_u(v128.load(to), v128.load(from)));
}

export function pmaxuw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.max_u(v128.load(to), v128.load(from)));
}

export function pminsd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.min_s(v128.load(to), v128.load(from)));
}

export function pmaxsd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.max_s(v128.load(to), v128.load(from)));
}

export function pminud(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.min_u(v128.load(to), v128.load(from)));
}

export function pmaxud(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.max_u(v128.load(to), v128.load(from)));
}

export function pcmpeqb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.eq(v128.load(to), v128.load(from)));
}

export function pcmpeqw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.eq(v128.load(to), v128.load(from)));
}

export function pcmpeqd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.eq(v128.load(to), v128.load(from)));
}

export function pcmpeqq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i64x2.eq(v128.load(to), v128.load(from)));
}

export function pcmpgtb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.gt_s(v128.load(to), v128.load(from)));
}

export function pcmpgtw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.gt_s(v128.load(to), v128.load(from)));
}

export function pcmpgtd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.gt_s(v128.load(to), v128.load(from)));
}

export function pcmpgtq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i64x2.gt_s(v128.load(to), v128.load(from)));
}

export function pmullw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.mul(v128.load(to), v128.load(from)));
}

export function pmulld(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.mul(v128.load(to), v128.load(from)));
}

export function pmaddwd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.dot_i16x8_s(v128.load(to), v128.load(from)));
}

export function pmulhw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, mulHighSigned(v128.load(to), v128.load(from)));
}

export function pmulhuw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, mulHighUnsigned(v128.load(to), v128.load(from)));
}

export function pmulhrsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, mulRoundHigh(v128.load(to), v128.load(from)));
}

export function psadbw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, sumOfDifferences(v128.load(to), v128.load(from)));
}

export function pmuludq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const low = i64x2.splat(0xffffffff);
  return put(to, i64x2.mul(v128.and(v128.load(to), low), v128.and(v128.load(from), low)));
}

export function pmuldq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = i64x2.shr_s(i64x2.shl(v128.load(to), 32), 32);
  const b = i64x2.shr_s(i64x2.shl(v128.load(from), 32), 32);
  return put(to, i64x2.mul(a, b));
}

/** PAND, ANDPS, ANDPD. */
export function pand(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.and(v128.load(to), v128.load(from)));
}

/** PANDN, ANDNPS, ANDNPD: the complement of the destination and the source. */
export function pandn(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.andnot(v128.load(from), v128.load(to)));
}

export function por(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.or(v128.load(to), v128.load(from)));
}

export function pxor(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.xor(v128.load(to), v128.load(from)));
}

export function pabsb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.abs(v128.load(from)));
}

export function pabsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.abs(v128.load(from)));
}

export function pabsd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i32x4.abs(v128.load(from)));
}
