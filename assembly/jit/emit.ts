// Writes WebAssembly: one function per opcode or group, at the translator's cursor (WebAssembly core spec, 5.4).

import * as Jit from "../layout/jit";

export const I32: u32 = 0x7f;
export const I64: u32 = 0x7e;
export const VOID: u32 = 0x40;

@inline
export function byte(j: usize, value: u32): void {
  const at = <usize>load<u32>(j, Jit.cursor);
  store<u8>(at, <u8>value);
  store<u32>(j, <u32>at + 1, Jit.cursor);
}

export function unsigned(j: usize, value: u32): void {
  while (value >= 0x80) {
    byte(j, (value & 0x7f) | 0x80);
    value >>= 7;
  }
  byte(j, value);
}

export function signed(j: usize, value: i64): void {
  while (true) {
    const low = (<u32>value) & 0x7f;
    value >>= 7;
    if ((value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0)) {
      byte(j, low);
      return;
    }
    byte(j, low | 0x80);
  }
}

/** A five-byte unsigned number, to be filled in later. */
export function patchable(j: usize): usize {
  const at = <usize>load<u32>(j, Jit.cursor);
  store<u32>(j, <u32>at + 5, Jit.cursor);
  return at;
}

export function patch(at: usize, value: u32): void {
  for (let i: usize = 0; i < 4; i++) store<u8>(at + i, <u8>(((value >> (<u32>i * 7)) & 0x7f) | 0x80));
  store<u8>(at + 4, <u8>(value >> 28));
}

// Control.
export const UNREACHABLE: u32 = 0x00;

export function block(j: usize, type: u32): void {
  byte(j, 0x02);
  byte(j, type);
  store<u32>(j, load<u32>(j, Jit.depth) + 1, Jit.depth);
}

export function loop(j: usize): void {
  byte(j, 0x03);
  byte(j, VOID);
  store<u32>(j, load<u32>(j, Jit.depth) + 1, Jit.depth);
}

/** `if` with a hint for the engine: which way is the usual one (branch hinting proposal). */
export function ifHinted(j: usize, type: u32, likely: bool): void {
  hint(j, likely);
  ifThen(j, type);
}

/** Notes which way the branch at the cursor usually goes. */
function hint(j: usize, likely: bool): void {
  const hints = j + Jit.hints;
  const count = load<u32>(hints);
  if (count < <u32>Jit.HINTS_MAX) {
    const offset = load<u32>(j, Jit.cursor) - <u32>(j + Jit.body);
    store<u32>(hints + 4 + ((<usize>count) << 2), (offset << 1) | (<u32>likely));
    store<u32>(hints, count + 1);
  }
}

export function ifThen(j: usize, type: u32): void {
  byte(j, 0x04);
  byte(j, type);
  store<u32>(j, load<u32>(j, Jit.depth) + 1, Jit.depth);
}

export function elseThen(j: usize): void {
  byte(j, 0x05);
}

export function end(j: usize): void {
  byte(j, 0x0b);
  store<u32>(j, load<u32>(j, Jit.depth) - 1, Jit.depth);
}

/** Branches to the label that was opened when `depth` labels were open. */
export function br(j: usize, depth: u32): void {
  byte(j, 0x0c);
  unsigned(j, load<u32>(j, Jit.depth) - depth - 1);
}

export function brIfHinted(j: usize, depth: u32, likely: bool): void {
  hint(j, likely);
  byte(j, 0x0d);
  unsigned(j, load<u32>(j, Jit.depth) - depth - 1);
}

export function call(j: usize, fn: u32): void {
  byte(j, 0x10);
  unsigned(j, fn);
}

export function callIndirect(j: usize, type: u32): void {
  byte(j, 0x11);
  unsigned(j, type);
  byte(j, 0);
}

export function returnCallIndirect(j: usize, type: u32): void {
  byte(j, 0x13);
  unsigned(j, type);
  byte(j, 0);
}

export function returnOp(j: usize): void {
  byte(j, 0x0f);
}

export function select(j: usize): void {
  byte(j, 0x1b);
}

export function drop(j: usize): void {
  byte(j, 0x1a);
}

// Locals and constants.
function local(j: usize, opcode: u32, index: u32): void {
  if (index >= load<u32>(j, Jit.localCount)) store<u32>(j, index + 1, Jit.localCount);
  byte(j, opcode);
  unsigned(j, index);
}

export function get(j: usize, index: u32): void {
  local(j, 0x20, index);
}

export function set(j: usize, index: u32): void {
  local(j, 0x21, index);
}

export function tee(j: usize, index: u32): void {
  local(j, 0x22, index);
}

export function i32Const(j: usize, value: i32): void {
  byte(j, 0x41);
  signed(j, <i64>value);
}

export function i64Const(j: usize, value: i64): void {
  byte(j, 0x42);
  signed(j, value);
}

export function f64Const(j: usize, value: f64): void {
  byte(j, 0x44);
  const at = <usize>load<u32>(j, Jit.cursor);
  store<f64>(at, value);
  store<u32>(j, <u32>at + 8, Jit.cursor);
}

// Memory: opcode, alignment 2^0 (the guest may be unaligned), offset.
export function memory(j: usize, opcode: u32, offset: u32): void {
  byte(j, opcode);
  byte(j, 0);
  unsigned(j, offset);
}

/** An atomic operation (threads proposal) on 2^size bytes, which have to be aligned. */
export function atomic(j: usize, opcode: u32, size: u32, offset: u32): void {
  byte(j, 0xfe);
  byte(j, opcode);
  byte(j, size);
  unsigned(j, offset);
}

export const I32_ATOMIC_ADD: u32 = 0x1e;
export const I64_ATOMIC_XCHG: u32 = 0x42;
export const I64_ATOMIC_XCHG8_U: u32 = 0x45;
export const I64_ATOMIC_XCHG16_U: u32 = 0x46;
export const I64_ATOMIC_XCHG32_U: u32 = 0x47;

export const I32_LOAD: u32 = 0x28;
export const I64_LOAD: u32 = 0x29;
export const I32_LOAD8_U: u32 = 0x2d;
export const I32_LOAD16_U: u32 = 0x2f;
export const I64_LOAD8_U: u32 = 0x31;
export const I64_LOAD16_U: u32 = 0x33;
export const I64_LOAD32_U: u32 = 0x35;
export const I32_STORE: u32 = 0x36;
export const I64_STORE: u32 = 0x37;
export const I32_STORE8: u32 = 0x3a;
export const I32_STORE16: u32 = 0x3b;
export const I64_STORE8: u32 = 0x3c;
export const I64_STORE16: u32 = 0x3d;
export const I64_STORE32: u32 = 0x3e;

/** An operation without immediates. */
@inline
export function op(j: usize, opcode: u32): void {
  byte(j, opcode);
}

export const I32_EQZ: u32 = 0x45;
export const I32_EQ: u32 = 0x46;
export const I32_NE: u32 = 0x47;
export const I32_LT_S: u32 = 0x48;
export const I32_GT_S: u32 = 0x4a;
export const I32_LT_U: u32 = 0x49;
export const I32_GE_S: u32 = 0x4e;
export const I32_GT_U: u32 = 0x4b;
export const I32_GE_U: u32 = 0x4f;
export const I64_EQZ: u32 = 0x50;
export const I64_EQ: u32 = 0x51;
export const I64_NE: u32 = 0x52;
export const I64_LT_S: u32 = 0x53;
export const I64_LT_U: u32 = 0x54;
export const I64_GT_S: u32 = 0x55;
export const I64_GT_U: u32 = 0x56;
export const I64_LE_S: u32 = 0x57;
export const I64_LE_U: u32 = 0x58;
export const I64_GE_S: u32 = 0x59;
export const I32_ADD: u32 = 0x6a;
export const I32_SUB: u32 = 0x6b;
export const I32_MUL: u32 = 0x6c;
export const I32_AND: u32 = 0x71;
export const I32_OR: u32 = 0x72;
export const I32_XOR: u32 = 0x73;
export const I32_SHL: u32 = 0x74;
export const I32_SHR_U: u32 = 0x76;
export const I32_ROTL: u32 = 0x77;
export const I32_POPCNT: u32 = 0x69;
export const I64_CLZ: u32 = 0x79;
export const I64_CTZ: u32 = 0x7a;
export const I64_POPCNT: u32 = 0x7b;
export const I64_ADD: u32 = 0x7c;
export const I64_SUB: u32 = 0x7d;
export const I64_MUL: u32 = 0x7e;
export const I64_DIV_S: u32 = 0x7f;
export const I64_DIV_U: u32 = 0x80;
export const I64_AND: u32 = 0x83;
export const I64_OR: u32 = 0x84;
export const I64_XOR: u32 = 0x85;
export const I64_SHL: u32 = 0x86;
export const I64_SHR_S: u32 = 0x87;
export const I64_SHR_U: u32 = 0x88;
export const I64_ROTL: u32 = 0x89;
export const I64_ROTR: u32 = 0x8a;
export const I32_WRAP_I64: u32 = 0xa7;
export const I64_EXTEND_I32_S: u32 = 0xac;
export const I64_EXTEND_I32_U: u32 = 0xad;
export const I64_EXTEND8_S: u32 = 0xc2;
export const I64_EXTEND16_S: u32 = 0xc3;
export const I64_EXTEND32_S: u32 = 0xc4;
export const F32_NE: u32 = 0x5c;
export const F64_NE: u32 = 0x62;
export const F64_LT: u32 = 0x63;
export const F64_GT: u32 = 0x64;
export const F64_GE: u32 = 0x66;
export const F64_ABS: u32 = 0x99;
export const F64_NEAREST: u32 = 0x9e;
export const F32_CONVERT_I32_S: u32 = 0xb2;
export const F32_CONVERT_I64_S: u32 = 0xb4;
export const F32_DEMOTE_F64: u32 = 0xb6;
export const F64_CONVERT_I32_S: u32 = 0xb7;
export const F64_CONVERT_I64_S: u32 = 0xb9;
export const F64_PROMOTE_F32: u32 = 0xbb;

/** A conversion to an integer that never traps; these have a prefix. */
export function truncate(j: usize, opcode: u32): void {
  byte(j, 0xfc);
  byte(j, opcode);
}

export const I32_TRUNC_SAT_F64_S: u32 = 2;
export const I64_TRUNC_SAT_F64_S: u32 = 6;
