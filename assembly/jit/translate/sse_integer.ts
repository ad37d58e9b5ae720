// Packed integer arithmetic, comparison and logic (cpu/ops/sse_integer.ts and packed.ts have the interpreter's).

import * as Cpu from "../../layout/cpu";
import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { argOf, opcodeOf } from "../region";
import { setKind } from "./flags";
import { destination, putTarget, source, target } from "./sse_operands";
import { markZero } from "./sse_plain";

export function binary(j: usize, entry: usize): void {
  const b = source(j, entry);
  const a = destination(j);
  if (argOf(entry) != 0) V.simdOn(j, opcodeOf(entry), b, a);
  else V.simdOn(j, opcodeOf(entry), a, b);
  putTarget(j);
  if (a == b && opcodeOf(entry) == V.V128_XOR) markZero(j, target(j));
}

export function unary(j: usize, entry: usize): void {
  E.get(j, source(j, entry));
  V.simd(j, opcodeOf(entry));
  putTarget(j);
}

/** PMULUDQ, PMULDQ: products of the even dwords, which are brought together first. */
export function multiplyEven(j: usize, entry: usize): void {
  const b = source(j, entry);
  pushEvenDwords(j, destination(j));
  pushEvenDwords(j, b);
  V.simd(j, opcodeOf(entry));
  putTarget(j);
}

function pushEvenDwords(j: usize, local: u32): void {
  E.get(j, local);
  E.get(j, local);
  V.shuffle(j, 0x0b0a090803020100, 0x0b0a090803020100);
}

/** PMULHW, PMULHUW: the upper words of the products of the lower and of the upper halves. */
export function multiplyHigh(j: usize, entry: usize): void {
  const b = source(j, entry);
  const a = destination(j);
  V.simdOn(j, opcodeOf(entry), a, b);
  V.simdOn(j, opcodeOf(entry) + 1, a, b);
  V.shuffle(j, 0x0f0e0b0a07060302, 0x1f1e1b1a17161312);
  putTarget(j);
}

/** PMULHRSW: -1 * -1 wraps to -1, where WebAssembly saturates. */
export function multiplyRound(j: usize, entry: usize): void {
  const b = source(j, entry);
  const a = destination(j);
  V.simdOn(j, opcodeOf(entry), a, b);
  pushIsLowest(j, a);
  pushIsLowest(j, b);
  V.simd(j, V.V128_AND);
  V.simd(j, V.V128_XOR);
  putTarget(j);
}

function pushIsLowest(j: usize, local: u32): void {
  E.get(j, local);
  V.v128Const(j, 0x8000800080008000, 0x8000800080008000);
  V.simd(j, V.I16X8_EQ);
}

/** PSADBW. */
export function differences(j: usize, entry: usize): void {
  const b = source(j, entry);
  const a = destination(j);
  V.simdOn(j, V.I8X16_MAX_U, a, b);
  V.simdOn(j, V.I8X16_MIN_U, a, b);
  V.simd(j, V.I8X16_SUB);
  V.simd(j, V.I16X8_PAIRS_U);
  V.simd(j, V.I32X4_PAIRS_U);
  E.tee(j, L.VT);
  V.v128Const(j, 0xffffffff, 0xffffffff);
  V.simd(j, V.V128_AND);
  E.get(j, L.VT);
  E.i32Const(j, 32);
  V.simd(j, V.I64X2_SHR_U);
  V.simd(j, V.I64X2_ADD);
  putTarget(j);
}

/** PHADD and PHSUB: even elements of both operands, operation, odd elements. */
export function pairs(j: usize, entry: usize): void {
  const b = source(j, entry);
  const a = destination(j);
  const words = argOf(entry) == 1;
  E.get(j, a);
  E.get(j, b);
  if (words) V.shuffle(j, 0x0d0c090805040100, 0x1d1c191815141110);
  else V.shuffle(j, 0x0b0a090803020100, 0x1b1a191813121110);
  E.get(j, a);
  E.get(j, b);
  if (words) V.shuffle(j, 0x0f0e0b0a07060302, 0x1f1e1b1a17161312);
  else V.shuffle(j, 0x0f0e0d0c07060504, 0x1f1e1d1c17161514);
  V.simd(j, opcodeOf(entry));
  putTarget(j);
}

/** PMADDUBSW: unsigned bytes of the destination times signed bytes of the source, even and odd ones. */
export function multiplyBytes(j: usize, entry: usize): void {
  const b = source(j, entry);
  const a = destination(j);
  E.get(j, a);
  V.v128Const(j, 0x00ff00ff00ff00ff, 0x00ff00ff00ff00ff);
  V.simd(j, V.V128_AND);
  E.get(j, b);
  shiftBy8(j, V.I16X8_SHL);
  shiftBy8(j, V.I16X8_SHR_S);
  V.simd(j, V.I16X8_MUL);
  E.get(j, a);
  shiftBy8(j, V.I16X8_SHR_U);
  E.get(j, b);
  shiftBy8(j, V.I16X8_SHR_S);
  V.simd(j, V.I16X8_MUL);
  V.simd(j, V.I16X8_ADD_SAT_S);
  putTarget(j);
}

function shiftBy8(j: usize, opcode: u32): void {
  E.i32Const(j, 8);
  V.simd(j, opcode);
}

/** PTEST: ZF if no bit is set in both, CF if no bit is set in the source alone. */
export function test(j: usize, entry: usize): void {
  const b = source(j, entry);
  const a = destination(j);
  V.simdOn(j, V.V128_AND, a, b);
  V.simd(j, V.V128_ANY_TRUE);
  E.op(j, E.I64_EXTEND_I32_U);
  E.tee(j, L.FLAG_RESULT);
  E.op(j, E.I64_EQZ);
  E.i32Const(j, 6);
  E.op(j, E.I32_SHL);
  V.simdOn(j, V.V128_ANDNOT, b, a);
  V.simd(j, V.V128_ANY_TRUE);
  E.op(j, E.I32_EQZ);
  E.op(j, E.I32_OR);
  E.set(j, L.FLAG_BITS);
  setKind(j, Cpu.FLAGS_EXPLICIT);
}
