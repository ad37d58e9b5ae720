// Shuffles, blends and widening moves (cpu/ops/sse_shuffle.ts has the interpreter's). What is fixed when the instruction is
// decoded is one shuffle of two vectors by constant places.

import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { argOf, opcodeOf } from "../region";
import { destination, immediate, putTarget, rmNumber, source } from "./sse_operands";

// Patterns of tools/isa/vectors.mjs: below MOVDDUP, UNPACK_HIGH or not, plus log2 of the element's bytes.
const UNPACK_HIGH: u32 = 16;
const MOVDDUP: u32 = 32;
const MOVSLDUP: u32 = 33;
const MOVSHDUP: u32 = 34;
const MOVHLPS: u32 = 35;
const PSHUFD: u32 = 36;
const SHUFPS: u32 = 37;
const SHUFPD: u32 = 38;
const PSHUFLW: u32 = 39;
const PSHUFHW: u32 = 40;
const PALIGNR: u32 = 41;
const PSRLDQ: u32 = 42;
const PSLLDQ: u32 = 43;
const PBLENDW: u32 = 44;
const BLENDPS: u32 = 45;
const BLENDPD: u32 = 46;

export function translateShuffle(j: usize, entry: usize): void {
  const pattern = argOf(entry);
  if (pattern == PSRLDQ || pattern == PSLLDQ) {
    shiftBytes(j, pattern);
    return;
  }
  const b = source(j, entry);
  if (pattern == PALIGNR) align(j, b);
  else {
    E.get(j, takesTwo(pattern) ? destination(j) : b);
    E.get(j, b);
    pushPattern(j, pattern, immediate(j));
  }
  putTarget(j);
}

function takesTwo(pattern: u32): bool {
  switch (pattern) {
    case MOVDDUP:
    case MOVSLDUP:
    case MOVSHDUP:
    case PSHUFD:
    case PSHUFLW:
    case PSHUFHW:
      return false;
  }
  return true;
}

/** PSRLDQ and PSLLDQ: the register that modrm.rm names, with zeroes behind or before it. */
function shiftBytes(j: usize, pattern: u32): void {
  const count = min<u32>(immediate(j), 16);
  if (pattern == PSLLDQ) V.v128Const(j, 0, 0);
  L.getXmm(j, rmNumber(j));
  if (pattern == PSRLDQ) V.v128Const(j, 0, 0);
  pushPattern(j, PALIGNR, pattern == PSRLDQ ? count : 16 - count);
  L.setXmm(j, rmNumber(j));
}

/** PALIGNR: 16 bytes of destination:source from byte `immediate` on. */
function align(j: usize, b: u32): void {
  const count = min<u32>(immediate(j), 32);
  if (count <= 16) {
    E.get(j, b);
    E.get(j, destination(j));
    pushPattern(j, PALIGNR, count);
  } else {
    E.get(j, destination(j));
    V.v128Const(j, 0, 0);
    pushPattern(j, PALIGNR, count - 16);
  }
}

function pushPattern(j: usize, pattern: u32, immediate: u32): void {
  let low: u64 = 0;
  let high: u64 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    const shift = <u64>(i << 3);
    const first = <u64>place(pattern, immediate, i);
    const second = <u64>place(pattern, immediate, i + 8);
    low |= first << shift;
    high |= second << shift;
  }
  V.shuffle(j, low, high);
}

/** Which byte of the two vectors becomes byte i. */
function place(pattern: u32, immediate: u32, i: u32): u32 {
  switch (pattern) {
    case MOVDDUP:
      return i & 7;
    case MOVSLDUP:
      return i & 11;
    case MOVSHDUP:
      return i | 4;
    case MOVHLPS:
      return i < 8 ? i + 24 : i;
    case PSHUFD:
      return chosen(immediate, i >> 2, 2) | (i & 3);
    case SHUFPS:
      return chosen(immediate, i >> 2, 2) | (i & 3) | (i < 8 ? 0 : 16);
    case SHUFPD:
      return i < 8 ? ((immediate & 1) << 3) | i : 16 | ((immediate & 2) << 2) | (i & 7);
    case PSHUFLW:
      return i < 8 ? chosen(immediate, i >> 1, 1) | (i & 1) : i;
    case PSHUFHW:
      return i < 8 ? i : 8 | chosen(immediate, (i >> 1) & 3, 1) | (i & 1);
    case PALIGNR:
      return i + immediate;
    case PBLENDW:
      return blended(immediate >> (i >> 1), i);
    case BLENDPS:
      return blended(immediate >> (i >> 2), i);
    case BLENDPD:
      return blended(immediate >> (i >> 3), i);
  }
  return interleaved(pattern, i);
}

/** First byte of the element that the two bits for element n choose. */
function chosen(immediate: u32, n: u32, size: u32): u32 {
  const element = (immediate >> (n * 2)) & 3;
  return element << size;
}

function blended(bits: u32, i: u32): u32 {
  return i | ((bits & 1) << 4);
}

/** PUNPCK: elements of both vectors in turn, the second's odd. */
function interleaved(pattern: u32, i: u32): u32 {
  const size = pattern & 3;
  const element = i >> size;
  const within = i - (element << size);
  const from: u32 = pattern >= UNPACK_HIGH ? 8 : 0;
  const at = (element >> 1) << size;
  return from + at + within + ((element & 1) << 4);
}

/** PSHUFB: bit 7 of a selector gives zero, else its bits 0-3 count; WebAssembly gives zero for all above 15. */
export function translateShuffleBytes(j: usize, entry: usize): void {
  const b = source(j, entry);
  E.get(j, destination(j));
  E.get(j, b);
  V.v128Const(j, 0x8f8f8f8f8f8f8f8f, 0x8f8f8f8f8f8f8f8f);
  V.simd(j, V.V128_AND);
  V.simd(j, V.I8X16_SWIZZLE);
  putTarget(j);
}

/** Blends by the sign bits of xmm0's elements. */
export function translateBlend(j: usize, entry: usize): void {
  const b = source(j, entry);
  E.get(j, b);
  E.get(j, destination(j));
  L.getXmm(j, 0);
  E.i32Const(j, argOf(entry));
  V.simd(j, opcodeOf(entry));
  V.simd(j, V.V128_BITSELECT);
  putTarget(j);
}

/** PMOVSX and PMOVZX in steps that double the element's width. */
export function translateWiden(j: usize, entry: usize): void {
  E.get(j, source(j, entry));
  for (let step: u32 = 0; step <= argOf(entry); step++) V.simd(j, opcodeOf(entry) + 32 * step);
  putTarget(j);
}
