// Packing, unpacking, shuffling, widening and blending of xmm registers.

import { isRegister, xmmHost } from "../operand";
import * as Cpu from "../../layout/cpu";
import { alignBytes, blendMask32, shuffleBytes } from "./packed";
import { bytesDown, bytesUp, immediate, put, rmRegister, source, target, zero128 } from "./sse_operands";

export function packsswb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.narrow_i16x8_s(v128.load(to), v128.load(from)));
}

export function packuswb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i8x16.narrow_i16x8_u(v128.load(to), v128.load(from)));
}

export function packssdw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.narrow_i32x4_s(v128.load(to), v128.load(from)));
}

export function packusdw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, i16x8.narrow_i32x4_u(v128.load(to), v128.load(from)));
}

export function punpcklbw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return (
    from != 0 &&
    put(to, v128.shuffle<i8>(v128.load(to), v128.load(from), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23))
  );
}

export function punpckhbw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return (
    from != 0 &&
    put(
      to,
      v128.shuffle<i8>(v128.load(to), v128.load(from), 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
    )
  );
}

export function punpcklwd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.shuffle<i16>(v128.load(to), v128.load(from), 0, 8, 1, 9, 2, 10, 3, 11));
}

export function punpckhwd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.shuffle<i16>(v128.load(to), v128.load(from), 4, 12, 5, 13, 6, 14, 7, 15));
}

/** PUNPCKLDQ and UNPCKLPS. */
export function punpckldq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.shuffle<i32>(v128.load(to), v128.load(from), 0, 4, 1, 5));
}

/** PUNPCKHDQ and UNPCKHPS. */
export function punpckhdq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.shuffle<i32>(v128.load(to), v128.load(from), 2, 6, 3, 7));
}

/** PUNPCKLQDQ and UNPCKLPD. */
export function punpcklqdq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.shuffle<i64>(v128.load(to), v128.load(from), 0, 2));
}

/** PUNPCKHQDQ and UNPCKHPD. */
export function punpckhqdq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, v128.shuffle<i64>(v128.load(to), v128.load(from), 1, 3));
}

export function pshufb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, shuffleBytes(v128.load(to), v128.load(from)));
}

export function palignr(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, alignBytes(v128.load(to), v128.load(from), immediate(rec)));
}

/** Element of `from` that two bits of `selector` choose. */
@inline
function pick32(from: usize, selector: u32, n: u32): u32 {
  return load<u32>(from + <usize>(((selector >> (n * 2)) & 3) << 2));
}

export function pshufd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const sel = immediate(rec);
  return put(
    target(cpu, rec),
    gather32(pick32(from, sel, 0), pick32(from, sel, 1), pick32(from, sel, 2), pick32(from, sel, 3)),
  );
}

export function shufps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const sel = immediate(rec);
  return put(to, gather32(pick32(to, sel, 0), pick32(to, sel, 1), pick32(from, sel, 2), pick32(from, sel, 3)));
}

@inline
function gather32(a: u32, b: u32, c: u32, d: u32): v128 {
  const low = i32x4.replace_lane(i32x4.splat(a), 1, b);
  return i32x4.replace_lane(i32x4.replace_lane(low, 2, c), 3, d);
}

export function shufpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const sel = immediate(rec);
  const low = load<u64>(to + <usize>((sel & 1) << 3));
  const high = load<u64>(from + <usize>((sel & 2) << 2));
  return put(to, i64x2.replace_lane(i64x2.splat(low), 1, high));
}

/** Four 16-bit elements of `from`, chosen by two bits each of `selector`, as one 64-bit value. */
export function shuffleWords(from: usize, selector: u32): u64 {
  let result: u64 = 0;
  for (let n: u32 = 0; n < 4; n++) {
    const word = <u64>load<u16>(from + <usize>(((selector >> (n * 2)) & 3) << 1));
    result |= word << (n * 16);
  }
  return result;
}

export function pshuflw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  return put(target(cpu, rec), i64x2.replace_lane(v128.load(from), 0, shuffleWords(from, immediate(rec))));
}

export function pshufhw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  return put(target(cpu, rec), i64x2.replace_lane(v128.load(from), 1, shuffleWords(from + 8, immediate(rec))));
}

/** PSRLDQ: the register that modrm.rm names, by bytes. */
export function psrldq(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, bytesDown(v128.load(to), min<u32>(immediate(rec), 16)));
}

export function pslldq(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, bytesUp(v128.load(to), min<u32>(immediate(rec), 16)));
}

// Widening moves (PMOVSX, PMOVZX): the source is the low part of a register, or just as much of memory.

export function pmovsxbw(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), i16x8.extend_low_i8x16_s(v128.load64_zero(from)));
}

export function pmovsxbd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  return from != 0 && put(target(cpu, rec), i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(from))));
}

export function pmovsxbq(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 2, false);
  return (
    from != 0 &&
    put(
      target(cpu, rec),
      i64x2.extend_low_i32x4_s(
        i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(i16x8.replace_lane(zero128(), 0, load<u16>(from)))),
      ),
    )
  );
}

export function pmovsxwd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), i32x4.extend_low_i16x8_s(v128.load64_zero(from)));
}

export function pmovsxwq(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  return from != 0 && put(target(cpu, rec), i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(v128.load32_zero(from))));
}

export function pmovsxdq(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), i64x2.extend_low_i32x4_s(v128.load64_zero(from)));
}

export function pmovzxbw(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), i16x8.extend_low_i8x16_u(v128.load64_zero(from)));
}

export function pmovzxbd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  return from != 0 && put(target(cpu, rec), i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from))));
}

export function pmovzxbq(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 2, false);
  return (
    from != 0 &&
    put(
      target(cpu, rec),
      i64x2.extend_low_i32x4_u(
        i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(i16x8.replace_lane(zero128(), 0, load<u16>(from)))),
      ),
    )
  );
}

export function pmovzxwd(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), i32x4.extend_low_i16x8_u(v128.load64_zero(from)));
}

export function pmovzxwq(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 4, false);
  return from != 0 && put(target(cpu, rec), i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(v128.load32_zero(from))));
}

export function pmovzxdq(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 8, false);
  return from != 0 && put(target(cpu, rec), i64x2.extend_low_i32x4_u(v128.load64_zero(from)));
}

// Blends: by immediate, or by the sign bits of xmm0.

export function pblendw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const bits = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
  const mask = i16x8.eq(v128.and(i16x8.splat(<i16>immediate(rec)), bits), bits);
  return put(to, v128.bitselect(v128.load(from), v128.load(to), mask));
}

export function blendps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, v128.bitselect(v128.load(from), v128.load(to), blendMask32(immediate(rec))));
}

export function blendpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const bits = i64x2(1, 2);
  const mask = i64x2.eq(v128.and(i64x2.splat(immediate(rec)), bits), bits);
  return put(to, v128.bitselect(v128.load(from), v128.load(to), mask));
}

export function pblendvb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const mask = i8x16.shr_s(v128.load(cpu, Cpu.xmm), 7);
  return put(to, v128.bitselect(v128.load(from), v128.load(to), mask));
}

export function blendvps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const mask = i32x4.shr_s(v128.load(cpu, Cpu.xmm), 31);
  return put(to, v128.bitselect(v128.load(from), v128.load(to), mask));
}

export function blendvpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const mask = i64x2.shr_s(v128.load(cpu, Cpu.xmm), 63);
  return put(to, v128.bitselect(v128.load(from), v128.load(to), mask));
}

/** INSERTPS: one element of the source to any place, then zeroes where the immediate says. */
export function insertps(cpu: usize, rec: usize): bool {
  const sel = immediate(rec);
  const from = xmmHost(cpu, rec, isRegister(rec) ? 16 : 4, false);
  if (from == 0) return false;
  const place = isRegister(rec) ? <usize>((sel >> 6) << 2) : 0;
  const value = i32x4.splat(load<i32>(from + place));
  const to = target(cpu, rec);
  const moved = v128.bitselect(value, v128.load(to), blendMask32(1 << ((sel >> 4) & 3)));
  return put(to, v128.andnot(moved, blendMask32(sel)));
}
