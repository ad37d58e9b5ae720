// SSE4.1's PTEST, PHMINPOSUW and MPSADBW.

import { CF, setArithmeticFlags, ZF } from "../flags";
import { immediate, put, source, target } from "./sse_operands";

export function ptest(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const a = v128.load(target(cpu, rec));
  const b = v128.load(from);
  const zero = v128.any_true(v128.and(a, b)) ? 0 : ZF;
  const carry = v128.any_true(v128.andnot(b, a)) ? 0 : CF;
  setArithmeticFlags(cpu, zero | carry);
  return true;
}

export function phminposuw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  let best = <u32>load<u16>(from);
  let place: u32 = 0;
  for (let n: u32 = 1; n < 8; n++) {
    const value = <u32>load<u16>(from + <usize>(n << 1));
    if (value < best) {
      best = value;
      place = n;
    }
  }
  return put(target(cpu, rec), i64x2.replace_lane(i64x2.splat(0), 0, <u64>(best | (place << 16))));
}

/** Eight sums of absolute differences of four bytes: blocks of the destination at successive bytes, one of the source. */
export function mpsadbw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const block = load<u32>(from + <usize>((immediate(rec) & 3) << 2));
  const first = i8x16(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6);
  const start = i8x16.add(first, i8x16.splat(<i8>(immediate(rec) & 4)));
  const low = sums(i8x16.swizzle(a, start), i32x4.splat(block));
  const high = sums(i8x16.swizzle(a, i8x16.add(start, i8x16.splat(4))), i32x4.splat(block));
  return put(to, i16x8.narrow_i32x4_u(low, high));
}

/** Sum of absolute differences in each dword. */
@inline
function sums(a: v128, b: v128): v128 {
  const difference = i8x16.sub(i8x16.max_u(a, b), i8x16.min_u(a, b));
  return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(difference));
}
