// Writes WebAssembly's vector instructions (core specification, 5.4.8), as emit.ts writes the others.

import { byte, get, unsigned } from "./emit";

export const V128: u32 = 0x7b;

/** An instruction without immediates. */
export function simd(j: usize, opcode: u32): void {
  byte(j, 0xfd);
  unsigned(j, opcode);
}

/** A load or store at the address on the stack. */
export function simdMemory(j: usize, opcode: u32, offset: u32): void {
  simd(j, opcode);
  byte(j, 0);
  unsigned(j, offset);
}

/** A load or store of one lane. */
export function laneMemory(j: usize, opcode: u32, offset: u32, lane: u32): void {
  simdMemory(j, opcode, offset);
  byte(j, lane);
}

/** Extracts or replaces a lane. */
export function lane(j: usize, opcode: u32, n: u32): void {
  simd(j, opcode);
  byte(j, n);
}

export function v128Const(j: usize, low: u64, high: u64): void {
  simd(j, V128_CONST);
  for (let i: u64 = 0; i < 64; i += 8) byte(j, (<u32>(low >> i)) & 0xff);
  for (let i: u64 = 0; i < 64; i += 8) byte(j, (<u32>(high >> i)) & 0xff);
}

/** Bytes of the two vectors on the stack: byte n of the result is byte `n of low or high` of their concatenation. */
export function shuffle(j: usize, low: u64, high: u64): void {
  simd(j, I8X16_SHUFFLE);
  for (let i: u64 = 0; i < 64; i += 8) byte(j, (<u32>(low >> i)) & 0xff);
  for (let i: u64 = 0; i < 64; i += 8) byte(j, (<u32>(high >> i)) & 0xff);
}

/** An instruction on two locals. */
export function simdOn(j: usize, opcode: u32, a: u32, b: u32): void {
  get(j, a);
  get(j, b);
  simd(j, opcode);
}

export const V128_LOAD: u32 = 0;
export const V128_STORE: u32 = 11;
export const V128_CONST: u32 = 12;
export const I8X16_SHUFFLE: u32 = 13;
export const I8X16_SWIZZLE: u32 = 14;
export const I64X2_SPLAT: u32 = 18;
export const I8X16_EXTRACT_U: u32 = 22;
export const I8X16_REPLACE: u32 = 23;
export const I16X8_EXTRACT_U: u32 = 25;
export const I16X8_REPLACE: u32 = 26;
export const I32X4_EXTRACT: u32 = 27;
export const I32X4_REPLACE: u32 = 28;
export const I64X2_EXTRACT: u32 = 29;
export const I64X2_REPLACE: u32 = 30;
export const F32X4_EXTRACT: u32 = 31;
export const F32X4_REPLACE: u32 = 32;
export const F64X2_EXTRACT: u32 = 33;
export const F64X2_REPLACE: u32 = 34;
export const I16X8_EQ: u32 = 45;
export const V128_AND: u32 = 78;
export const V128_OR: u32 = 80;
export const V128_XOR: u32 = 81;
export const V128_ANDNOT: u32 = 79;
export const V128_BITSELECT: u32 = 82;
export const V128_ANY_TRUE: u32 = 83;
export const V128_LOAD64_LANE: u32 = 87;
export const V128_STORE8_LANE: u32 = 88;
export const V128_LOAD32_ZERO: u32 = 92;
export const V128_LOAD64_ZERO: u32 = 93;
export const I8X16_SUB: u32 = 113;
export const I8X16_MIN_U: u32 = 119;
export const I8X16_MAX_U: u32 = 121;
export const I16X8_PAIRS_U: u32 = 125;
export const I32X4_PAIRS_U: u32 = 127;
export const I16X8_SHL: u32 = 139;
export const I16X8_SHR_S: u32 = 140;
export const I16X8_SHR_U: u32 = 141;
export const I16X8_ADD_SAT_S: u32 = 143;
export const I16X8_MUL: u32 = 149;
export const I64X2_SHR_U: u32 = 205;
export const I64X2_ADD: u32 = 206;
export const F32X4_EQ: u32 = 65;
export const F32X4_LT: u32 = 67;
export const F32X4_GE: u32 = 70;
export const F64X2_EQ: u32 = 71;
export const F64X2_LT: u32 = 73;
export const F64X2_LE: u32 = 75;
export const F64X2_GE: u32 = 76;
export const F32X4_DEMOTE: u32 = 94;
export const F64X2_PROMOTE: u32 = 95;
export const I8X16_ALL_TRUE: u32 = 99;
export const F32X4_CEIL: u32 = 103;
export const F32X4_FLOOR: u32 = 104;
export const F32X4_TRUNC: u32 = 105;
export const F32X4_NEAREST: u32 = 106;
export const F64X2_CEIL: u32 = 116;
export const F64X2_FLOOR: u32 = 117;
export const F64X2_TRUNC: u32 = 122;
export const F64X2_NEAREST: u32 = 148;
export const F32X4_ABS: u32 = 224;
export const F64X2_ABS: u32 = 236;
