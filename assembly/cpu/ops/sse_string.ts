// SSE4.2's string instructions (SDM vol. 2, 4.1). A comparison of up to 16 elements with up to 16 others is kept as bit
// masks: bit n stands for element n of the second operand.

import * as Cpu from "../../layout/cpu";
import { CF, OF, setArithmeticFlags, SF, ZF } from "../flags";
import { xmmHost } from "../operand";
import { immediate, put, putGeneral, target } from "./sse_operands";

/** Elements are words (else bytes); elements are signed. */
const WORDS: u32 = 1;
const SIGNED: u32 = 2;
/** The second operand's validity decides what the negative polarity inverts. */
const INVERT: u32 = 0x10;
const INVERT_VALID_ONLY: u32 = 0x20;
/** Highest index instead of lowest; or a mask of elements instead of bits. */
const WIDE_OR_LAST: u32 = 0x40;

@inline
function elementsOf(control: u32): u32 {
  return (control & WORDS) != 0 ? 8 : 16;
}

/** Bits 0..count-1. */
@inline
function firstBits(count: u32): u32 {
  return (1 << count) - 1;
}

@inline
function bitmask(lanes: v128, control: u32): u32 {
  if ((control & WORDS) != 0) return i16x8.bitmask(lanes);
  return i8x16.bitmask(lanes);
}

@inline
function equalMask(a: v128, b: v128, control: u32): u32 {
  return bitmask((control & WORDS) != 0 ? i16x8.eq(a, b) : i8x16.eq(a, b), control);
}

/** a <= b, element by element. */
function orderedMask(a: v128, b: v128, control: u32): u32 {
  let lanes: v128;
  if ((control & WORDS) != 0) lanes = (control & SIGNED) != 0 ? i16x8.le_s(a, b) : i16x8.le_u(a, b);
  else lanes = (control & SIGNED) != 0 ? i8x16.le_s(a, b) : i8x16.le_u(a, b);
  return bitmask(lanes, control);
}

/** Element n of the operand at `from` in every place. */
@inline
function splatElement(from: usize, n: u32, control: u32): v128 {
  if ((control & WORDS) != 0) return i16x8.splat(load<u16>(from + <usize>(n << 1)));
  return i8x16.splat(load<u8>(from + <usize>n));
}

/** The aggregation that bits 2-3 choose, before polarity (IntRes1). `countA`, `countB`: valid elements. */
function aggregate(from: usize, b: v128, control: u32, countA: u32, countB: u32): u32 {
  const validB = firstBits(countB);
  switch ((control >> 2) & 3) {
    case 0:
      return equalAny(from, b, control, countA) & validB;
    case 1:
      return inRanges(from, b, control, countA) & validB;
    case 2: {
      const validA = firstBits(countA);
      const both = equalMask(v128.load(from), b, control) & validA & validB;
      return (both | ~(validA | validB)) & firstBits(elementsOf(control));
    }
    default:
      return equalOrdered(from, b, control, countA, validB);
  }
}

function equalAny(from: usize, b: v128, control: u32, countA: u32): u32 {
  let result: u32 = 0;
  for (let n: u32 = 0; n < countA; n++) result |= equalMask(splatElement(from, n, control), b, control);
  return result;
}

function inRanges(from: usize, b: v128, control: u32, countA: u32): u32 {
  let result: u32 = 0;
  for (let n: u32 = 0; n + 1 < countA; n += 2) {
    const above = orderedMask(splatElement(from, n, control), b, control);
    result |= above & orderedMask(b, splatElement(from, n + 1, control), control);
  }
  return result;
}

/** Bit n: the first operand is found at element n, as far as the second reaches. */
function equalOrdered(from: usize, b: v128, control: u32, countA: u32, validB: u32): u32 {
  const all = firstBits(elementsOf(control));
  let result = all;
  for (let n: u32 = 0; n < countA; n++) {
    const found = equalMask(splatElement(from, n, control), b, control) & validB;
    result &= (found | ~all) >> n;
  }
  return result;
}

/** The final bits (IntRes2), with the flags set. */
function compareStrings(cpu: usize, rec: usize, from: usize, countA: u32, countB: u32): u32 {
  const control = immediate(rec);
  const elements = elementsOf(control);
  let bits = aggregate(target(cpu, rec), v128.load(from), control, countA, countB);
  if ((control & INVERT) != 0) bits ^= (control & INVERT_VALID_ONLY) != 0 ? firstBits(countB) : firstBits(elements);
  let flags: u32 = 0;
  if (bits != 0) flags |= CF;
  if (countB < elements) flags |= ZF;
  if (countA < elements) flags |= SF;
  if ((bits & 1) != 0) flags |= OF;
  setArithmeticFlags(cpu, flags);
  return bits;
}

/** Elements before the first zero. */
function implicitLength(from: usize, control: u32): u32 {
  const zeroes = equalMask(v128.load(from), i64x2.splat(0), control);
  return zeroes == 0 ? elementsOf(control) : ctz(zeroes);
}

/** The magnitude of a length register, at most all elements. */
function explicitLength<T>(cpu: usize, register: usize, control: u32): u32 {
  const value = sizeof<T>() == 8 ? load<i64>(cpu + register) : <i64>load<i32>(cpu + register);
  const size = <u64>(value < 0 ? 0 - value : value);
  return <u32>min<u64>(size, <u64>elementsOf(control));
}

function putIndex(cpu: usize, rec: usize, bits: u32): bool {
  const control = immediate(rec);
  let place = elementsOf(control);
  if (bits != 0) place = (control & WIDE_OR_LAST) != 0 ? 31 - clz(bits) : ctz(bits);
  return putGeneral<u32>(cpu, Cpu.rcx, place);
}

function putBits(cpu: usize, rec: usize, bits: u32): bool {
  const control = immediate(rec);
  const to = cpu + Cpu.xmm;
  if ((control & WIDE_OR_LAST) == 0) return put(to, i64x2.replace_lane(i64x2.splat(0), 0, <u64>bits));
  if ((control & WORDS) != 0) {
    const each = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
    return put(to, i16x8.eq(v128.and(i16x8.splat(<i16>bits), each), each));
  }
  const each = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  const spread = v128.shuffle<i8>(
    i8x16.splat(<i8>bits),
    i8x16.splat(<i8>(bits >> 8)),
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    16,
    16,
    16,
    16,
    16,
    16,
    16,
    16,
  );
  return put(to, i8x16.eq(v128.and(spread, each), each));
}

function compareImplicit(cpu: usize, rec: usize, from: usize): u32 {
  const control = immediate(rec);
  return compareStrings(cpu, rec, from, implicitLength(target(cpu, rec), control), implicitLength(from, control));
}

function compareExplicit<T>(cpu: usize, rec: usize, from: usize): u32 {
  const control = immediate(rec);
  const countA = explicitLength<T>(cpu, Cpu.rax, control);
  return compareStrings(cpu, rec, from, countA, explicitLength<T>(cpu, Cpu.rdx, control));
}

export function pcmpistri(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 16, false);
  return from != 0 && putIndex(cpu, rec, compareImplicit(cpu, rec, from));
}

export function pcmpistrm(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 16, false);
  return from != 0 && putBits(cpu, rec, compareImplicit(cpu, rec, from));
}

export function pcmpestri(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 16, false);
  return from != 0 && putIndex(cpu, rec, compareExplicit<u32>(cpu, rec, from));
}

export function pcmpestrm(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 16, false);
  return from != 0 && putBits(cpu, rec, compareExplicit<u32>(cpu, rec, from));
}

/** With REX.W the lengths are in RAX and RDX. */
export function pcmpestri64(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 16, false);
  return from != 0 && putIndex(cpu, rec, compareExplicit<u64>(cpu, rec, from));
}

export function pcmpestrm64(cpu: usize, rec: usize): bool {
  const from = xmmHost(cpu, rec, 16, false);
  return from != 0 && putBits(cpu, rec, compareExplicit<u64>(cpu, rec, from));
}
