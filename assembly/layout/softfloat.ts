// Work area of the software floating point (assembly/softfloat), one per CPU, at cpu + BASE. Nothing in it lives longer
// than one instruction.
//
//   0x00 environment, 0x20 A, 0x40 B, 0x60 R (numbers), 0x80 lanes of packed operands and results
//   0x100 x87: operands, 0x140 numbers of the 128-bit arithmetic

/** Behind the CPU's counters. */
export const BASE = 0x2400;

/** u32 exceptions raised so far: IE DE ZE OE UE PE in bits 0-5, as in MXCSR and in the x87 status word. */
export const flags = 0;
/** u32 rounding mode, as RC in MXCSR and in the x87 control word. */
export const rounding = 4;
/** u32 the exceptions that are not masked, as in `flags`. */
export const unmasked = 8;
/** u32 1 = a tiny result becomes zero (MXCSR.FTZ). */
export const flush = 12;
/** u64 remainder of the last 128-bit division. */
export const remainder = 16;
/** u32 1 = the last rounding raised the magnitude (C1 of the x87 status word). */
export const roundedUp = 24;
/** u32 bits of the significand that x87 arithmetic rounds to: 24, 53 or 64. */
export const precision = 28;

// Numbers: value = (-1)^sign * (sig + low / 2^64) / 2^63 * 2^exp, bit 63 of sig set when finite and not zero.
export const A = 0x20;
export const B = 0x40;
export const R = 0x60;
/** u32 one of the KIND_ values. */
export const kind = 0;
export const KIND_ZERO = 0;
export const KIND_FINITE = 1;
export const KIND_INFINITE = 2;
/** u32 0 or 1. */
export const sign = 4;
/** i32 unbiased exponent. */
export const exp = 8;
/** u64 significand. */
export const sig = 16;
/** u64 bits below it; bit 0 collects everything that was shifted out. */
export const low = 24;

/** 16 bytes each: first operands, second operands and results of a packed instruction. */
export const laneA = 0x80;
export const laneB = 0x90;
export const laneR = 0xa0;

/** 16 bytes each, as a register: a memory operand in extended format, and a result. */
export const operand80 = 0x100;
export const result80 = 0x110;
export const second80 = 0x120;
/** u32 sign and exponent of a result that is handed on by value, and what comes with it (float80_quick.ts, jit/x87_helpers.ts). */
export const head80 = 0x130;
/** 32 bytes each: numbers that wide.ts calculates with. */
export const W = 0x140;
export const W_SIZE = 32;
export const SIZE = 0x400;

export const ROUND_NEAREST = 0;
export const ROUND_DOWN = 1;
export const ROUND_UP = 2;
export const ROUND_ZERO = 3;

export const IE = 1;
export const DE = 2;
export const ZE = 4;
export const OE = 8;
export const UE = 16;
export const PE = 32;
