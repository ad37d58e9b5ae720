// Packed and scalar floating-point arithmetic of SSE and SSE2: the quick path (sse_quick.ts) or the exact one (sse_float.ts).

import { xmmHost } from "../operand";
import { ADD, DIV, MAX, MIN, MUL, softFloat, softVector, SQRT, SUB } from "./sse_float";
import { put, source, target } from "./sse_operands";
import {
  isDefaultMode,
  isPlain,
  isRelaxed,
  plain32,
  plain64,
  quickProduct,
  quickQuotient,
  quickRoot,
  quickSum,
  safe32,
  safe64,
} from "./sse_quick";

/** Both scalar widths of the exact path. */
@inline
function exact<F>(cpu: usize, op: i32, to: usize, from: usize): bool {
  return sizeof<F>() == 8 ? softFloat<u64>(cpu, op, to, to, from, 1) : softFloat<u32>(cpu, op, to, to, from, 1);
}

@inline
function putScalar<F>(to: usize, value: F): bool {
  store<F>(to, value);
  return true;
}

function addScalar<F>(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, sizeof<F>(), false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = load<F>(to);
  const b = load<F>(from);
  const r = <F>(a + b);
  if (quickSum<F>(cpu, a, b, r)) return putScalar<F>(to, r);
  return exact<F>(cpu, ADD, to, from);
}

export function addss(cpu: usize, rec: usize): bool {
  return addScalar<f32>(cpu, rec);
}

export function addsd(cpu: usize, rec: usize): bool {
  return addScalar<f64>(cpu, rec);
}

function subScalar<F>(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, sizeof<F>(), false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = load<F>(to);
  const b = load<F>(from);
  const r = <F>(a - b);
  if (quickSum<F>(cpu, a, <F>-b, r)) return putScalar<F>(to, r);
  return exact<F>(cpu, SUB, to, from);
}

export function subss(cpu: usize, rec: usize): bool {
  return subScalar<f32>(cpu, rec);
}

export function subsd(cpu: usize, rec: usize): bool {
  return subScalar<f64>(cpu, rec);
}

function mulScalar<F>(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, sizeof<F>(), false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = load<F>(to);
  const b = load<F>(from);
  const r = <F>(a * b);
  if (quickProduct<F>(cpu, a, b, r)) return putScalar<F>(to, r);
  return exact<F>(cpu, MUL, to, from);
}

export function mulss(cpu: usize, rec: usize): bool {
  return mulScalar<f32>(cpu, rec);
}

export function mulsd(cpu: usize, rec: usize): bool {
  return mulScalar<f64>(cpu, rec);
}

function divScalar<F>(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, sizeof<F>(), false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = load<F>(to);
  const b = load<F>(from);
  const r = <F>(a / b);
  if (quickQuotient<F>(cpu, a, b, r)) return putScalar<F>(to, r);
  return exact<F>(cpu, DIV, to, from);
}

export function divss(cpu: usize, rec: usize): bool {
  return divScalar<f32>(cpu, rec);
}

export function divsd(cpu: usize, rec: usize): bool {
  return divScalar<f64>(cpu, rec);
}

function sqrtScalar<F>(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, sizeof<F>(), false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = load<F>(from);
  const r = sqrt<F>(a);
  if (quickRoot<F>(cpu, a, r)) return putScalar<F>(to, r);
  return exact<F>(cpu, SQRT, to, from);
}

export function sqrtss(cpu: usize, rec: usize): bool {
  return sqrtScalar<f32>(cpu, rec);
}

export function sqrtsd(cpu: usize, rec: usize): bool {
  return sqrtScalar<f64>(cpu, rec);
}

/** Two ordered numbers that are not denormal. */
@inline
function quickChoice<F>(cpu: usize, a: F, b: F): bool {
  return isDefaultMode(cpu) && isPlain<F>(a) && isPlain<F>(b) && a == a && b == b;
}

/** MIN and MAX give the second operand when the numbers are equal or not ordered; here they are ordered, or not plain. */
function minScalar<F>(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, sizeof<F>(), false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = load<F>(to);
  const b = load<F>(from);
  if (quickChoice<F>(cpu, a, b)) return putScalar<F>(to, a < b ? a : b);
  return exact<F>(cpu, MIN, to, from);
}

function maxScalar<F>(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, sizeof<F>(), false);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = load<F>(to);
  const b = load<F>(from);
  if (quickChoice<F>(cpu, a, b)) return putScalar<F>(to, a > b ? a : b);
  return exact<F>(cpu, MAX, to, from);
}

export function minss(cpu: usize, rec: usize): bool {
  return minScalar<f32>(cpu, rec);
}

export function minsd(cpu: usize, rec: usize): bool {
  return minScalar<f64>(cpu, rec);
}

export function maxss(cpu: usize, rec: usize): bool {
  return maxScalar<f32>(cpu, rec);
}

export function maxsd(cpu: usize, rec: usize): bool {
  return maxScalar<f64>(cpu, rec);
}

// Packed. Results of zero are left to the exact path unless the operation cannot underflow to them.

/** a + b and a - b: `ok` has the elements that wasm computes as the processor does. */
@inline
export function sumOk32(a: v128, b: v128, r: v128): v128 {
  const result = v128.or(safe32(r), f32x4.eq(r, f32x4.splat(0)));
  return v128.and(result, v128.and(plain32(a), plain32(b)));
}

@inline
export function sumOk64(a: v128, b: v128, r: v128): v128 {
  const result = v128.or(safe64(r), f64x2.eq(r, f64x2.splat(0)));
  return v128.and(result, v128.and(plain64(a), plain64(b)));
}

@inline
function productOk32(a: v128, b: v128, r: v128): v128 {
  const zero = f32x4.splat(0);
  const zeroes = v128.and(f32x4.eq(r, zero), v128.or(f32x4.eq(a, zero), f32x4.eq(b, zero)));
  return v128.and(v128.or(safe32(r), zeroes), v128.and(plain32(a), plain32(b)));
}

@inline
function productOk64(a: v128, b: v128, r: v128): v128 {
  const zero = f64x2.splat(0);
  const zeroes = v128.and(f64x2.eq(r, zero), v128.or(f64x2.eq(a, zero), f64x2.eq(b, zero)));
  return v128.and(v128.or(safe64(r), zeroes), v128.and(plain64(a), plain64(b)));
}

@inline
function quotientOk32(a: v128, b: v128, r: v128): v128 {
  const zero = f32x4.splat(0);
  const zeroes = v128.and(f32x4.eq(r, zero), f32x4.eq(a, zero));
  return v128.and(v128.or(safe32(r), zeroes), v128.and(plain32(a), plain32(b)));
}

@inline
function quotientOk64(a: v128, b: v128, r: v128): v128 {
  const zero = f64x2.splat(0);
  const zeroes = v128.and(f64x2.eq(r, zero), f64x2.eq(a, zero));
  return v128.and(v128.or(safe64(r), zeroes), v128.and(plain64(a), plain64(b)));
}

@inline
function choiceOk32(a: v128, b: v128): v128 {
  const ordered = v128.and(f32x4.eq(a, a), f32x4.eq(b, b));
  return v128.and(ordered, v128.and(plain32(a), plain32(b)));
}

@inline
function choiceOk64(a: v128, b: v128): v128 {
  // A NaN is not plain here.
  return v128.and(plain64(a), plain64(b));
}

@inline
function rootOk32(a: v128, r: v128): v128 {
  return v128.and(v128.or(safe32(r), f32x4.eq(r, f32x4.splat(0))), plain32(a));
}

@inline
function rootOk64(a: v128, r: v128): v128 {
  return v128.and(v128.or(safe64(r), f64x2.eq(r, f64x2.splat(0))), plain64(a));
}

export function addps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = f32x4.add(a, b);
  if (isRelaxed(cpu) && i32x4.all_true(sumOk32(a, b, r))) return put(to, r);
  return softVector<u32>(cpu, ADD, to, a, b);
}

export function addpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = f64x2.add(a, b);
  if (isRelaxed(cpu) && i64x2.all_true(sumOk64(a, b, r))) return put(to, r);
  return softVector<u64>(cpu, ADD, to, a, b);
}

export function subps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = f32x4.sub(a, b);
  if (isRelaxed(cpu) && i32x4.all_true(sumOk32(a, b, r))) return put(to, r);
  return softVector<u32>(cpu, SUB, to, a, b);
}

export function subpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = f64x2.sub(a, b);
  if (isRelaxed(cpu) && i64x2.all_true(sumOk64(a, b, r))) return put(to, r);
  return softVector<u64>(cpu, SUB, to, a, b);
}

export function mulps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = f32x4.mul(a, b);
  if (isRelaxed(cpu) && i32x4.all_true(productOk32(a, b, r))) return put(to, r);
  return softVector<u32>(cpu, MUL, to, a, b);
}

export function mulpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = f64x2.mul(a, b);
  if (isRelaxed(cpu) && i64x2.all_true(productOk64(a, b, r))) return put(to, r);
  return softVector<u64>(cpu, MUL, to, a, b);
}

export function divps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = f32x4.div(a, b);
  if (isRelaxed(cpu) && i32x4.all_true(quotientOk32(a, b, r))) return put(to, r);
  return softVector<u32>(cpu, DIV, to, a, b);
}

export function divpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  const r = f64x2.div(a, b);
  if (isRelaxed(cpu) && i64x2.all_true(quotientOk64(a, b, r))) return put(to, r);
  return softVector<u64>(cpu, DIV, to, a, b);
}

export function sqrtps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(from);
  const r = f32x4.sqrt(a);
  if (isRelaxed(cpu) && i32x4.all_true(rootOk32(a, r))) return put(to, r);
  return softVector<u32>(cpu, SQRT, to, a, a);
}

export function sqrtpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(from);
  const r = f64x2.sqrt(a);
  if (isRelaxed(cpu) && i64x2.all_true(rootOk64(a, r))) return put(to, r);
  return softVector<u64>(cpu, SQRT, to, a, a);
}

export function minps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  if (isDefaultMode(cpu) && i32x4.all_true(choiceOk32(a, b))) return put(to, f32x4.pmin(b, a));
  return softVector<u32>(cpu, MIN, to, a, b);
}

export function minpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  if (isDefaultMode(cpu) && i64x2.all_true(choiceOk64(a, b))) return put(to, f64x2.pmin(b, a));
  return softVector<u64>(cpu, MIN, to, a, b);
}

export function maxps(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  if (isDefaultMode(cpu) && i32x4.all_true(choiceOk32(a, b))) return put(to, f32x4.pmax(b, a));
  return softVector<u32>(cpu, MAX, to, a, b);
}

export function maxpd(cpu: usize, rec: usize): bool {
  const from = source(cpu, rec);
  if (from == 0) return false;
  const to = target(cpu, rec);
  const a = v128.load(to);
  const b = v128.load(from);
  if (isDefaultMode(cpu) && i64x2.all_true(choiceOk64(a, b))) return put(to, f64x2.pmax(b, a));
  return softVector<u64>(cpu, MAX, to, a, b);
}
