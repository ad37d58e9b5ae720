// Moves, shuffles, packing and unpacking of mm registers, and EMMS.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { isRegister, rmHost, rmStore } from "../operand";
import { enterMmx, mmAddress, mmHost, mmPut, mmSource, mmTarget, mmWrite } from "./mmx_operands";
import { bytesDown, immediate, put, rmRegister, storeScalar, target, zero128 } from "./sse_operands";
import { implicitDestination, storeBytes } from "./sse_moves";
import { shuffleWords } from "./sse_shuffle";

export function emms(cpu: usize, rec: usize): bool {
  store<u8>(cpu, 0, Cpu.ftw);
  return true;
}

/** MOVD and MOVQ from a general register or memory. */
export function fromGeneral<T>(cpu: usize, rec: usize): bool {
  const from = rmHost<T>(cpu, rec);
  return from != 0 && mmWrite(cpu, mmTarget(cpu, rec), <u64>load<T>(from));
}

export function toGeneral<T>(cpu: usize, rec: usize): bool {
  if (!rmStore<T>(cpu, rec, load<T>(mmTarget(cpu, rec)))) return false;
  enterMmx(cpu);
  return true;
}

export function movqLoad(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && mmWrite(cpu, mmTarget(cpu, rec), load<u64>(from));
}

/** MOVQ and MOVNTQ to a register or memory. */
export function movqStore(cpu: usize, rec: usize): bool {
  const value = load<u64>(mmTarget(cpu, rec));
  if (isRegister(rec)) return mmWrite(cpu, mmAddress(cpu, load<u8>(rec, Record.rm)), value);
  if (!storeScalar<u64>(cpu, rec, value)) return false;
  enterMmx(cpu);
  return true;
}

export function movq2dq(cpu: usize, rec: usize): bool {
  enterMmx(cpu);
  const value = load<u64>(mmAddress(cpu, load<u8>(rec, Record.rm)));
  return put(target(cpu, rec), i64x2.replace_lane(zero128(), 0, value));
}

export function movdq2q(cpu: usize, rec: usize): bool {
  return mmWrite(cpu, mmTarget(cpu, rec), load<u64>(rmRegister(cpu, rec)));
}

export function pmovmskb(cpu: usize, rec: usize): bool {
  enterMmx(cpu);
  const mask = i8x16.bitmask(v128.load64_zero(mmAddress(cpu, load<u8>(rec, Record.rm))));
  store<u64>(cpu + <usize>load<u8>(rec, Record.reg), <u64>(<u32>mask));
  return true;
}

/** MASKMOVQ: stores the bytes whose mask has bit 7 set at DS:rDI. */
export function maskmovq(cpu: usize, rec: usize): bool {
  const mask = i8x16.bitmask(v128.load64_zero(mmAddress(cpu, load<u8>(rec, Record.rm))));
  if (!storeBytes(cpu, implicitDestination(cpu, rec), mmTarget(cpu, rec), mask)) return false;
  enterMmx(cpu);
  return true;
}

export function pinsrw(cpu: usize, rec: usize): bool {
  const from = rmHost<u16>(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const shift = <u64>((immediate(rec) & 3) << 4);
  const kept = load<u64>(to) & ~((<u64>0xffff) << shift);
  return mmWrite(cpu, to, kept | ((<u64>load<u16>(from)) << shift));
}

export function pextrw(cpu: usize, rec: usize): bool {
  enterMmx(cpu);
  const from = mmAddress(cpu, load<u8>(rec, Record.rm)) + <usize>((immediate(rec) & 3) << 1);
  store<u64>(cpu + <usize>load<u8>(rec, Record.reg), <u64>load<u16>(from));
  return true;
}

export function pshufw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && mmWrite(cpu, mmTarget(cpu, rec), shuffleWords(from, immediate(rec)));
}

export function pshufb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const selector = v128.and(v128.load64_zero(from), i8x16.splat(-0x79));
  return mmPut(cpu, to, i8x16.swizzle(v128.load64_zero(to), selector));
}

export function palignr(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const both = v128.load64_lane(to, v128.load64_zero(from), 1);
  return mmPut(cpu, to, bytesDown(both, min<u32>(immediate(rec), 16)));
}

// Packing: the destination's elements first, then the source's.

export function packsswb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  return mmPut(cpu, to, i8x16.narrow_i16x8_s(v128.load64_lane(from, v128.load64_zero(to), 1), zero128()));
}

export function packuswb(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  return mmPut(cpu, to, i8x16.narrow_i16x8_u(v128.load64_lane(from, v128.load64_zero(to), 1), zero128()));
}

export function packssdw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  return mmPut(cpu, to, i16x8.narrow_i32x4_s(v128.load64_lane(from, v128.load64_zero(to), 1), zero128()));
}

// Unpacking. From memory, the low forms read only four bytes.

export function punpcklbw(cpu: usize, rec: usize): bool {
  const from = mmHost(cpu, rec, 4);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const b = v128.load32_zero(from);
  return mmPut(
    cpu,
    to,
    v128.shuffle<i8>(v128.load64_zero(to), b, 0, 16, 1, 17, 2, 18, 3, 19, 0, 16, 1, 17, 2, 18, 3, 19),
  );
}

export function punpckhbw(cpu: usize, rec: usize): bool {
  const from = mmHost(cpu, rec, 8);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const b = v128.load64_zero(from);
  return mmPut(
    cpu,
    to,
    v128.shuffle<i8>(v128.load64_zero(to), b, 4, 20, 5, 21, 6, 22, 7, 23, 4, 20, 5, 21, 6, 22, 7, 23),
  );
}

export function punpcklwd(cpu: usize, rec: usize): bool {
  const from = mmHost(cpu, rec, 4);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const b = v128.load32_zero(from);
  return mmPut(cpu, to, v128.shuffle<i16>(v128.load64_zero(to), b, 0, 8, 1, 9, 0, 8, 1, 9));
}

export function punpckhwd(cpu: usize, rec: usize): bool {
  const from = mmHost(cpu, rec, 8);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const b = v128.load64_zero(from);
  return mmPut(cpu, to, v128.shuffle<i16>(v128.load64_zero(to), b, 2, 10, 3, 11, 2, 10, 3, 11));
}

export function punpckldq(cpu: usize, rec: usize): bool {
  const from = mmHost(cpu, rec, 4);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const b = v128.load32_zero(from);
  return mmPut(cpu, to, v128.shuffle<i32>(v128.load64_zero(to), b, 0, 4, 0, 4));
}

export function punpckhdq(cpu: usize, rec: usize): bool {
  const from = mmHost(cpu, rec, 8);
  if (from == 0) return false;
  const to = mmTarget(cpu, rec);
  const b = v128.load64_zero(from);
  return mmPut(cpu, to, v128.shuffle<i32>(v128.load64_zero(to), b, 1, 5, 1, 5));
}
