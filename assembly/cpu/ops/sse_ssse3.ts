// SSSE3's horizontal integer operations, PMADDUBSW and PSIGN on xmm registers.

import { mulAddBytes, signBytes, signDwords, signWords } from "./packed";
import { put, source, target } from "./sse_operands";

export function phaddw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  return put(
    to,
    i16x8.add(v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14), v128.shuffle<i16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15)),
  );
}

export function phaddsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  return put(
    to,
    i16x8.add_sat_s(
      v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14),
      v128.shuffle<i16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15),
    ),
  );
}

export function phsubw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  return put(
    to,
    i16x8.sub(v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14), v128.shuffle<i16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15)),
  );
}

export function phsubsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  return put(
    to,
    i16x8.sub_sat_s(
      v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14),
      v128.shuffle<i16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15),
    ),
  );
}

export function phaddd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  return put(to, i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7)));
}

export function phsubd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  return put(to, i32x4.sub(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7)));
}

export function pmaddubsw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, mulAddBytes(v128.load(to), v128.load(from)));
}

export function psignb(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, signBytes(v128.load(to), v128.load(from)));
}

export function psignw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, signWords(v128.load(to), v128.load(from)));
}

export function psignd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  const to = target(cpu, rec);
  return from != 0 && put(to, signDwords(v128.load(to), v128.load(from)));
}
