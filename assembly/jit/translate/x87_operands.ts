// What generated/kinds.ts tells of an x87 instruction (tools/isa/x87.mjs).

// Formats of memory operands, and in their place: both operands are registers, the result goes to ST(0) or to ST(i).
export const F32: u32 = 0;
export const F64: u32 = 1;
export const I16: u32 = 2;
export const I32: u32 = 3;
export const I64: u32 = 4;
export const F80: u32 = 5;
const REGISTER: u32 = 6;
const TO_OTHER: u32 = 7;
/** Bits beside the format: reversed operands of arithmetic, truncation of a store. */
export const REVERSE: u32 = 8;
export const TRUNCATE: u32 = 8;
export const POP: u32 = 16;
export const POP_TWICE: u32 = 32;

@inline
export function formatOf(arg: u32): u32 {
  return arg & 7;
}

@inline
export function readsMemory(arg: u32): bool {
  return (arg & 7) < REGISTER;
}

@inline
export function goesToOther(arg: u32): bool {
  return (arg & 7) == TO_OTHER;
}

/** Bits of a head: the exponent, and X87_DENORMAL (layout/jit.ts), which makes it none of a normal number. */
export const DENORMAL_OR_EXPONENT: i32 = 0x27fff;

/** Log2 of the bytes of a memory operand. */
@inline
export function sizeOf(entry: usize): u32 {
  return load<u8>(entry, 2);
}
