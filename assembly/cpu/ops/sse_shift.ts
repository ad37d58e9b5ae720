// Packed shifts of xmm registers. A count above the element's width gives zeroes, or copies of the sign.

import { immediate, put, rmRegister, source, target, zero128 } from "./sse_operands";

@inline
function psllwBy(value: v128, count: u64): v128 {
  return count < 16 ? i16x8.shl(value, <i32>count) : zero128();
}

export function psllw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, psllwBy(v128.load(to), load<u64>(from)));
}

export function psllwImmediate(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, psllwBy(v128.load(to), <u64>immediate(rec)));
}

@inline
function pslldBy(value: v128, count: u64): v128 {
  return count < 32 ? i32x4.shl(value, <i32>count) : zero128();
}

export function pslld(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, pslldBy(v128.load(to), load<u64>(from)));
}

export function pslldImmediate(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, pslldBy(v128.load(to), <u64>immediate(rec)));
}

@inline
function psllqBy(value: v128, count: u64): v128 {
  return count < 64 ? i64x2.shl(value, <i32>count) : zero128();
}

export function psllq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, psllqBy(v128.load(to), load<u64>(from)));
}

export function psllqImmediate(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, psllqBy(v128.load(to), <u64>immediate(rec)));
}

@inline
function psrlwBy(value: v128, count: u64): v128 {
  return count < 16 ? i16x8.shr_u(value, <i32>count) : zero128();
}

export function psrlw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, psrlwBy(v128.load(to), load<u64>(from)));
}

export function psrlwImmediate(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, psrlwBy(v128.load(to), <u64>immediate(rec)));
}

@inline
function psrldBy(value: v128, count: u64): v128 {
  return count < 32 ? i32x4.shr_u(value, <i32>count) : zero128();
}

export function psrld(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, psrldBy(v128.load(to), load<u64>(from)));
}

export function psrldImmediate(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, psrldBy(v128.load(to), <u64>immediate(rec)));
}

@inline
function psrlqBy(value: v128, count: u64): v128 {
  return count < 64 ? i64x2.shr_u(value, <i32>count) : zero128();
}

export function psrlq(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, psrlqBy(v128.load(to), load<u64>(from)));
}

export function psrlqImmediate(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, psrlqBy(v128.load(to), <u64>immediate(rec)));
}

@inline
function psrawBy(value: v128, count: u64): v128 {
  return i16x8.shr_s(value, <i32>min<u64>(count, 15));
}

export function psraw(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, psrawBy(v128.load(to), load<u64>(from)));
}

export function psrawImmediate(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, psrawBy(v128.load(to), <u64>immediate(rec)));
}

@inline
function psradBy(value: v128, count: u64): v128 {
  return i32x4.shr_s(value, <i32>min<u64>(count, 31));
}

export function psrad(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  return put(to, psradBy(v128.load(to), load<u64>(from)));
}

export function psradImmediate(cpu: usize, rec: usize): bool {
  const to = rmRegister(cpu, rec);
  return put(to, psradBy(v128.load(to), <u64>immediate(rec)));
}
