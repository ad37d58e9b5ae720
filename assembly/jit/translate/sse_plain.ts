// When WebAssembly's arithmetic is what the processor would do (cpu/ops/sse_quick.ts says why): in the usual mode with PE
// set, on operands that are *plain* (zero, normal or infinite), with a result that is *safe* (finite and clearly normal).
// Everything else goes to the interpreter's handler, by value.
//
// The local MX is 0 as long as that holds. Which registers are plain is known while translating: results are, and operands
// that were checked. When a handler's result or operand is not, MX says so as long as such knowledge lasts: to the end of
// the basic block, and of those that only it leads to.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { exitHere, isRegisterForm, recordOf } from "./operand";
import { rmNumber } from "./sse_operands";

// Shapes of operands.
export const PS: u32 = 0;
export const PD: u32 = 1;
export const SS: u32 = 2;
export const SD: u32 = 3;

@inline
export function isDouble(shape: u32): bool {
  return (shape & 1) != 0;
}

@inline
export function isScalar(shape: u32): bool {
  return shape >= SS;
}

/** Makes MX ready, unless it is. */
export function requireFloat(j: usize): void {
  if (load<u32>(j, Jit.floatReady) != 0) return;
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.mxcsr);
  E.i32Const(j, Cpu.MXCSR_MATTERS);
  E.op(j, E.I32_AND);
  E.i32Const(j, Cpu.MXCSR_FAST);
  E.op(j, E.I32_XOR);
  E.set(j, L.MX);
  store<u32>(j, 1, Jit.floatReady);
}

// What is known of registers.

@inline
function plainBit(n: u32, shape: u32): u64 {
  const bit = shape * 16 + n;
  return (<u64>1) << bit;
}

export function isKnownPlain(j: usize, n: u32, shape: u32): bool {
  const known = load<u64>(j, Jit.plain);
  return (known & (plainBit(n, shape) | plainBit(n, shape & 1))) != 0;
}

export function markPlain(j: usize, n: u32, shape: u32): void {
  store<u64>(j, load<u64>(j, Jit.plain) | plainBit(n, shape), Jit.plain);
}

/** Register `to` has been given the value of `from`. */
export function copyPlain(j: usize, to: u32, from: u32): void {
  for (let shape: u32 = 0; shape < 4; shape++) if (isKnownPlain(j, from, shape)) markPlain(j, to, shape);
}

export function markZero(j: usize, n: u32): void {
  markPlain(j, n, PS);
  markPlain(j, n, PD);
}

/** Number of the source register, 16 for a memory operand. */
export function sourceNumber(j: usize): u32 {
  return isRegisterForm(recordOf(j)) ? rmNumber(j) : 16;
}

/** Whether register n must be looked at. Marks it plain, as it is behind the check. */
export function mustCheck(j: usize, n: u32, shape: u32): bool {
  if (n == 16) return true;
  if (isKnownPlain(j, n, shape)) return false;
  markPlain(j, n, shape);
  return true;
}

// Checks. What they find wrong is done by the slow code between `slowly` and `endSlowly`.

/** Opens the labels of the two ways. */
export function startChecks(j: usize): void {
  store<u32>(j, load<u32>(j, Jit.depth), Jit.checkDepth);
  E.block(j, E.VOID);
  E.block(j, E.VOID);
}

/** The fast way ends here. */
export function slowly(j: usize): void {
  E.br(j, load<u32>(j, Jit.checkDepth));
  E.end(j);
}

export function endSlowly(j: usize): void {
  E.end(j);
}

/** Takes the slow way if the i32 on the stack is not zero. */
export function slowIf(j: usize): void {
  E.brIfHinted(j, load<u32>(j, Jit.checkDepth) + 1, false);
}

/** Takes it when the mode is unusual, or something is not plain that should be. */
export function checkMode(j: usize): void {
  E.get(j, L.MX);
  slowIf(j);
}

/** Takes it when something is not plain that should be. */
export function checkSurprise(j: usize): void {
  E.get(j, L.MX);
  E.i32Const(j, Cpu.VECTOR_NOT_PLAIN);
  E.op(j, E.I32_AND);
  slowIf(j);
}

function slowBeyond64(j: usize, subtract: i64, limit: i64): void {
  E.i64Const(j, 1);
  E.op(j, E.I64_SHL);
  E.i64Const(j, subtract);
  E.op(j, E.I64_SUB);
  E.i64Const(j, limit);
  E.op(j, E.I64_GT_U);
  slowIf(j);
}

function slowBeyond32(j: usize, subtract: i32, limit: i32, opcode: u32): void {
  E.i32Const(j, 1);
  E.op(j, E.I32_SHL);
  E.i32Const(j, subtract);
  E.op(j, E.I32_SUB);
  E.i32Const(j, limit);
  E.op(j, opcode);
  slowIf(j);
}

/** Not plain: beyond the place of zero when the bits, without their sign, are moved down by the smallest normal number. */
export function checkPlain(j: usize, local: u32, double: bool): void {
  E.get(j, local);
  if (double) {
    V.lane(j, V.I64X2_EXTRACT, 0);
    slowBeyond64(j, 0x20000000000000, -0x20000000000000);
  } else {
    V.lane(j, V.I32X4_EXTRACT, 0);
    slowBeyond32(j, 0x1000000, -0x1000000, E.I32_GT_U);
  }
}

export function checkPlainNumber(j: usize, local: u32, double: bool): void {
  checkPlain(j, local, double);
  pushScalar(j, local, double);
  pushScalar(j, local, double);
  E.op(j, double ? E.F64_NE : E.F32_NE);
  slowIf(j);
}

/** The upper half of a double tells. */
export function checkSafe(j: usize, local: u32, double: bool): void {
  E.get(j, local);
  V.lane(j, V.I32X4_EXTRACT, double ? 1 : 0);
  if (double) slowBeyond32(j, 0x400000, -0x600000, E.I32_GE_U);
  else slowBeyond32(j, 0x2000000, -0x3000000, E.I32_GE_U);
}

export function pushScalar(j: usize, local: u32, double: bool): void {
  E.get(j, local);
  V.lane(j, double ? V.F64X2_EXTRACT : V.F32X4_EXTRACT, 0);
}

// For checks of vectors: masks of the elements for which all is well.

const MIN64: u64 = 0x0010000000000000;
const MIN32: u64 = 0x0080000000800000;
const INFINITY64: u64 = 0x7ff0000000000000;
const INFINITY32: u64 = 0x7f8000007f800000;

/** Pushes whether elements of a local are at least the smallest normal number times 2 ** `more`. */
function pushNormal(j: usize, local: u32, double: bool, more: u64): void {
  E.get(j, local);
  V.simd(j, double ? V.F64X2_ABS : V.F32X4_ABS);
  const least = double ? MIN64 * (more + 1) : MIN32 * (more + 1);
  V.v128Const(j, least, least);
  V.simd(j, double ? V.F64X2_GE : V.F32X4_GE);
}

export function pushIsZero(j: usize, local: u32, double: bool): void {
  E.get(j, local);
  V.v128Const(j, 0, 0);
  V.simd(j, double ? V.F64X2_EQ : V.F32X4_EQ);
}

/** Plain numbers. */
export function pushPlain(j: usize, local: u32, double: bool): void {
  pushNormal(j, local, double, 0);
  pushIsZero(j, local, double);
  V.simd(j, V.V128_OR);
}

export function pushSafe(j: usize, local: u32, double: bool): void {
  pushNormal(j, local, double, 1);
  E.get(j, local);
  V.simd(j, double ? V.F64X2_ABS : V.F32X4_ABS);
  const limit = double ? INFINITY64 : INFINITY32;
  V.v128Const(j, limit, limit);
  V.simd(j, double ? V.F64X2_LT : V.F32X4_LT);
  V.simd(j, V.V128_AND);
}

/** Takes the slow way if some element of the mask on the stack is clear. */
export function checkAll(j: usize): void {
  // Whole elements are set or clear, so that their bytes tell as well.
  V.simd(j, V.I8X16_ALL_TRUE);
  E.op(j, E.I32_EQZ);
  slowIf(j);
}

// The handler.

/** VR = what the handler makes of the locals a and b; `looks` says what it must tell MX about (Jit.LOOK_). */
export function callByValue(j: usize, a: u32, b: u32, looks: u32): void {
  pushCall(j, a, b, looks);
  E.call(j, L.FN_VECTOR);
  E.set(j, L.VR);
  settleMode(j);
}

export function pushCall(j: usize, a: u32, b: u32, looks: u32): void {
  const rec = recordOf(j);
  L.pushCpu(j);
  E.i32Const(j, <i32>rec);
  E.i32Const(j, <i32>(load<u16>(rec, Record.op) | (looks << Jit.LOOK_SHIFT)));
  E.get(j, a);
  E.get(j, b);
}

/** MX as the handler left it; out of the region if it raised an exception. */
export function settleMode(j: usize): void {
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.vectorState);
  E.get(j, L.MX);
  E.i32Const(j, Cpu.VECTOR_NOT_PLAIN);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_OR);
  E.tee(j, L.MX);
  E.i32Const(j, 0);
  E.op(j, E.I32_LT_S);
  E.ifThen(j, E.VOID);
  exitHere(j);
  E.end(j);
}
