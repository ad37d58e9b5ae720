// MMX: packed integer arithmetic, comparison, logic and shifts on mm registers, with the additions of SSE to SSSE3.

import { mmPut, mmSource, mmTarget } from "./mmx_operands";
import {
  mulAddBytes,
  mulHighSigned,
  mulHighUnsigned,
  mulRoundHigh,
  signBytes,
  signDwords,
  signWords,
  sumOfDifferences,
} from "./packed";

/** The operand at an address, as a vector whose upper half is zero. */
@inline
function value(address: usize): v128 {
  return v128.load64_zero(address);
}

/** Both operands as one vector. */
@inline
function joined(low: usize, high: usize): v128 {
  return v128.load64_lane(high, v128.load64_zero(low), 1);
}

export function paddb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.add(value(to), value(from)));
}

export function paddw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.add(value(to), value(from)));
}

export function paddd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i32x4.add(value(to), value(from)));
}

export function paddq(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i64x2.add(value(to), value(from)));
}

export function psubb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.sub(value(to), value(from)));
}

export function psubw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.sub(value(to), value(from)));
}

export function psubd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i32x4.sub(value(to), value(from)));
}

export function psubq(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i64x2.sub(value(to), value(from)));
}

export function paddsb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.add_sat_s(value(to), value(from)));
}

export function paddsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.add_sat_s(value(to), value(from)));
}

export function paddusb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.add_sat_u(value(to), value(from)));
}

export function paddusw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.add_sat_u(value(to), value(from)));
}

export function psubsb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.sub_sat_s(value(to), value(from)));
}

export function psubsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.sub_sat_s(value(to), value(from)));
}

export function psubusb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.sub_sat_u(value(to), value(from)));
}

export function psubusw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.sub_sat_u(value(to), value(from)));
}

export function pavgb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.avgr_u(value(to), value(from)));
}

export function pavgw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.avgr_u(value(to), value(from)));
}

export function pminub(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.min_u(value(to), value(from)));
}

export function pmaxub(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.max_u(value(to), value(from)));
}

export function pminsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.min_s(value(to), value(from)));
}

export function pmaxsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.max_s(value(to), value(from)));
}

export function pcmpeqb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.eq(value(to), value(from)));
}

export function pcmpeqw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.eq(value(to), value(from)));
}

export function pcmpeqd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i32x4.eq(value(to), value(from)));
}

export function pcmpgtb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.gt_s(value(to), value(from)));
}

export function pcmpgtw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.gt_s(value(to), value(from)));
}

export function pcmpgtd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i32x4.gt_s(value(to), value(from)));
}

export function pmullw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.mul(value(to), value(from)));
}

export function pmaddwd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i32x4.dot_i16x8_s(value(to), value(from)));
}

export function pmulhw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, mulHighSigned(value(to), value(from)));
}

export function pmulhuw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, mulHighUnsigned(value(to), value(from)));
}

export function pmulhrsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, mulRoundHigh(value(to), value(from)));
}

export function psadbw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, sumOfDifferences(value(to), value(from)));
}

export function pmuludq(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i64x2.extmul_low_i32x4_u(value(to), value(from)));
}

export function pmaddubsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, mulAddBytes(value(to), value(from)));
}

export function psignb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, signBytes(value(to), value(from)));
}

export function psignw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, signWords(value(to), value(from)));
}

export function psignd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, signDwords(value(to), value(from)));
}

export function pand(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, v128.and(value(to), value(from)));
}

export function por(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, v128.or(value(to), value(from)));
}

export function pxor(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, v128.xor(value(to), value(from)));
}

export function pandn(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, v128.andnot(value(from), value(to)));
}

export function pabsb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i8x16.abs(value(from)));
}

export function pabsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i16x8.abs(value(from)));
}

export function pabsd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  const to = mmTarget(cpu, rec);
  return from != 0 && mmPut(cpu, to, i32x4.abs(value(from)));
}

// Horizontal sums and differences: the destination's pairs first.

export function phaddw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const both = joined(to, from);
  return mmPut(
    cpu,
    to,
    i16x8.add(
      v128.shuffle<i16>(both, both, 0, 2, 4, 6, 0, 2, 4, 6),
      v128.shuffle<i16>(both, both, 1, 3, 5, 7, 1, 3, 5, 7),
    ),
  );
}

export function phaddsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const both = joined(to, from);
  return mmPut(
    cpu,
    to,
    i16x8.add_sat_s(
      v128.shuffle<i16>(both, both, 0, 2, 4, 6, 0, 2, 4, 6),
      v128.shuffle<i16>(both, both, 1, 3, 5, 7, 1, 3, 5, 7),
    ),
  );
}

export function phsubw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const both = joined(to, from);
  return mmPut(
    cpu,
    to,
    i16x8.sub(
      v128.shuffle<i16>(both, both, 0, 2, 4, 6, 0, 2, 4, 6),
      v128.shuffle<i16>(both, both, 1, 3, 5, 7, 1, 3, 5, 7),
    ),
  );
}

export function phsubsw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const both = joined(to, from);
  return mmPut(
    cpu,
    to,
    i16x8.sub_sat_s(
      v128.shuffle<i16>(both, both, 0, 2, 4, 6, 0, 2, 4, 6),
      v128.shuffle<i16>(both, both, 1, 3, 5, 7, 1, 3, 5, 7),
    ),
  );
}

export function phaddd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const both = joined(to, from);
  return mmPut(
    cpu,
    to,
    i32x4.add(v128.shuffle<i32>(both, both, 0, 2, 0, 2), v128.shuffle<i32>(both, both, 1, 3, 1, 3)),
  );
}

export function phsubd(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const both = joined(to, from);
  return mmPut(
    cpu,
    to,
    i32x4.sub(v128.shuffle<i32>(both, both, 0, 2, 0, 2), v128.shuffle<i32>(both, both, 1, 3, 1, 3)),
  );
}
