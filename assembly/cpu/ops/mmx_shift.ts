// Packed shifts of mm registers.

import * as Record from "../../layout/record";
import { mmAddress, mmPut, mmSource, mmTarget } from "./mmx_operands";
import { immediate, zero128 } from "./sse_operands";

@inline
function rmRegister(cpu: usize, rec: usize): usize {
  return mmAddress(cpu, load<u8>(rec, Record.rm));
}

function psllwBy(cpu: usize, to: usize, count: u64): bool {
  return mmPut(cpu, to, count < 16 ? i16x8.shl(v128.load64_zero(to), <i32>count) : zero128());
}

export function psllw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && psllwBy(cpu, mmTarget(cpu, rec), load<u64>(from));
}

export function psllwImmediate(cpu: usize, rec: usize): bool {
  return psllwBy(cpu, rmRegister(cpu, rec), <u64>immediate(rec));
}

function pslldBy(cpu: usize, to: usize, count: u64): bool {
  return mmPut(cpu, to, count < 32 ? i32x4.shl(v128.load64_zero(to), <i32>count) : zero128());
}

export function pslld(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && pslldBy(cpu, mmTarget(cpu, rec), load<u64>(from));
}

export function pslldImmediate(cpu: usize, rec: usize): bool {
  return pslldBy(cpu, rmRegister(cpu, rec), <u64>immediate(rec));
}

function psllqBy(cpu: usize, to: usize, count: u64): bool {
  return mmPut(cpu, to, count < 64 ? i64x2.shl(v128.load64_zero(to), <i32>count) : zero128());
}

export function psllq(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && psllqBy(cpu, mmTarget(cpu, rec), load<u64>(from));
}

export function psllqImmediate(cpu: usize, rec: usize): bool {
  return psllqBy(cpu, rmRegister(cpu, rec), <u64>immediate(rec));
}

function psrlwBy(cpu: usize, to: usize, count: u64): bool {
  return mmPut(cpu, to, count < 16 ? i16x8.shr_u(v128.load64_zero(to), <i32>count) : zero128());
}

export function psrlw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && psrlwBy(cpu, mmTarget(cpu, rec), load<u64>(from));
}

export function psrlwImmediate(cpu: usize, rec: usize): bool {
  return psrlwBy(cpu, rmRegister(cpu, rec), <u64>immediate(rec));
}

function psrldBy(cpu: usize, to: usize, count: u64): bool {
  return mmPut(cpu, to, count < 32 ? i32x4.shr_u(v128.load64_zero(to), <i32>count) : zero128());
}

export function psrld(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && psrldBy(cpu, mmTarget(cpu, rec), load<u64>(from));
}

export function psrldImmediate(cpu: usize, rec: usize): bool {
  return psrldBy(cpu, rmRegister(cpu, rec), <u64>immediate(rec));
}

function psrlqBy(cpu: usize, to: usize, count: u64): bool {
  return mmPut(cpu, to, count < 64 ? i64x2.shr_u(v128.load64_zero(to), <i32>count) : zero128());
}

export function psrlq(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && psrlqBy(cpu, mmTarget(cpu, rec), load<u64>(from));
}

export function psrlqImmediate(cpu: usize, rec: usize): bool {
  return psrlqBy(cpu, rmRegister(cpu, rec), <u64>immediate(rec));
}

function psrawBy(cpu: usize, to: usize, count: u64): bool {
  return mmPut(cpu, to, i16x8.shr_s(v128.load64_zero(to), <i32>min<u64>(count, 15)));
}

export function psraw(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && psrawBy(cpu, mmTarget(cpu, rec), load<u64>(from));
}

export function psrawImmediate(cpu: usize, rec: usize): bool {
  return psrawBy(cpu, rmRegister(cpu, rec), <u64>immediate(rec));
}

function psradBy(cpu: usize, to: usize, count: u64): bool {
  return mmPut(cpu, to, i32x4.shr_s(v128.load64_zero(to), <i32>min<u64>(count, 31)));
}

export function psrad(cpu: usize, rec: usize): bool {
  const from = mmSource(cpu, rec);
  return from != 0 && psradBy(cpu, mmTarget(cpu, rec), load<u64>(from));
}

export function psradImmediate(cpu: usize, rec: usize): bool {
  return psradBy(cpu, rmRegister(cpu, rec), <u64>immediate(rec));
}
