// Horizontal floating-point operations: SSE3's HADD, HSUB, ADDSUB and SSE4.1's dot products.

import * as Soft from "../../layout/softfloat";
import { sumOk32, sumOk64 } from "./sse_arith";
import { ADD, ADDSUB, beginFloat, floatStep, MUL, settleFlags, softOf, softVector, SUB } from "./sse_float";
import { immediate, put, source, target } from "./sse_operands";
import { isRelaxed } from "./sse_quick";

export function haddps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const first = v128.load(to);
  const second = v128.load(from);
  const a = v128.shuffle<i32>(first, second, 0, 2, 4, 6);
  const b = v128.shuffle<i32>(first, second, 1, 3, 5, 7);
  const r = f32x4.add(a, b);
  if (isRelaxed(cpu) && i32x4.all_true(sumOk32(a, b, r))) return put(to, r);
  return softVector<u32>(cpu, ADD, to, a, b);
}

export function haddpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const first = v128.load(to);
  const second = v128.load(from);
  const a = v128.shuffle<i64>(first, second, 0, 2);
  const b = v128.shuffle<i64>(first, second, 1, 3);
  const r = f64x2.add(a, b);
  if (isRelaxed(cpu) && i64x2.all_true(sumOk64(a, b, r))) return put(to, r);
  return softVector<u64>(cpu, ADD, to, a, b);
}

export function hsubps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const first = v128.load(to);
  const second = v128.load(from);
  const a = v128.shuffle<i32>(first, second, 0, 2, 4, 6);
  const b = v128.shuffle<i32>(first, second, 1, 3, 5, 7);
  const r = f32x4.sub(a, b);
  if (isRelaxed(cpu) && i32x4.all_true(sumOk32(a, b, r))) return put(to, r);
  return softVector<u32>(cpu, SUB, to, a, b);
}

export function hsubpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const first = v128.load(to);
  const second = v128.load(from);
  const a = v128.shuffle<i64>(first, second, 0, 2);
  const b = v128.shuffle<i64>(first, second, 1, 3);
  const r = f64x2.sub(a, b);
  if (isRelaxed(cpu) && i64x2.all_true(sumOk64(a, b, r))) return put(to, r);
  return softVector<u64>(cpu, SUB, to, a, b);
}

export function addsubps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = v128.shuffle<i32>(f32x4.sub(a, b), f32x4.add(a, b), 0, 5, 2, 7);
  if (isRelaxed(cpu) && i32x4.all_true(sumOk32(a, b, r))) return put(to, r);
  return softVector<u32>(cpu, ADDSUB, to, a, b);
}

export function addsubpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = v128.shuffle<i64>(f64x2.sub(a, b), f64x2.add(a, b), 0, 3);
  if (isRelaxed(cpu) && i64x2.all_true(sumOk64(a, b, r))) return put(to, r);
  return softVector<u64>(cpu, ADDSUB, to, a, b);
}

/** Products of the elements that bits 4.. of the immediate select (others +0) go to the work area. False = #XM. */
function products<T>(cpu: usize, rec: usize, from: usize): bool {
  const sf = beginFloat(cpu);
  const to = target(cpu, rec);
  const selected = immediate(rec) >> 4;
  for (let n: u32 = 0; n < 16 / sizeof<T>(); n++) {
    const at = <usize>n * sizeof<T>();
    const product = (selected >> n) & 1 ? floatStep<T>(cpu, MUL, load<T>(to + at), load<T>(from + at)) : 0;
    store<T>(sf + at, product, Soft.laneR);
  }
  return settleFlags(cpu);
}

/** Sums go to the elements that the low bits of the immediate select, zero to the others. */
function spread<T>(cpu: usize, rec: usize, sums: usize): bool {
  if (!settleFlags(cpu)) return false;
  const to = target(cpu, rec);
  const selected = immediate(rec);
  for (let n: u32 = 0; n < 16 / sizeof<T>(); n++) {
    const at = <usize>n * sizeof<T>();
    store<T>(to + at, (selected >> n) & 1 ? load<T>(sums + at) : 0);
  }
  return true;
}

/**
 * Every element has its own sum, since they differ in the order of operands and so in the NaN that they choose. The order
 * is that of Intel's processors; the manual leaves it open.
 */
export function dpps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0 || !products<u32>(cpu, rec, from)) return false;
  const sf = softOf(cpu);
  const p = sf + Soft.laneR;
  const pairs = sf + Soft.laneA;
  for (let n: usize = 0; n < 16; n += 4)
    store<u32>(pairs + n, floatStep<u32>(cpu, ADD, load<u32>(p + (n ^ 4)), load<u32>(p + n)));
  if (!settleFlags(cpu)) return false;
  for (let n: usize = 0; n < 16; n += 4) {
    store<u32>(p + n, floatStep<u32>(cpu, ADD, load<u32>(pairs + n), load<u32>(pairs + (n ^ 8))));
  }
  return spread<u32>(cpu, rec, p);
}

export function dppd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0 || !products<u64>(cpu, rec, from)) return false;
  const sf = softOf(cpu);
  const p = sf + Soft.laneR;
  const sums = sf + Soft.laneA;
  for (let n: usize = 0; n < 16; n += 8)
    store<u64>(sums + n, floatStep<u64>(cpu, ADD, load<u64>(p + n), load<u64>(p + (n ^ 8))));
  return spread<u64>(cpu, rec, sums);
}
