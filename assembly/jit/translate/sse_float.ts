// Floating-point arithmetic on xmm registers: ADD, SUB, MUL, DIV, SQRT, MIN, MAX in their four forms.

import * as Jit from "../../layout/jit";
import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { argOf, opcodeOf } from "../region";
import { destination, putTarget, source, target } from "./sse_operands";
import {
  callByValue,
  checkAll,
  checkMode,
  checkPlain,
  checkPlainNumber,
  checkSafe,
  checkSurprise,
  endSlowly,
  isDouble,
  isScalar,
  markPlain,
  mustCheck,
  pushIsZero,
  pushPlain,
  pushSafe,
  pushScalar,
  requireFloat,
  slowly,
  sourceNumber,
  startChecks,
} from "./sse_plain";

// Argument: shape in bits 0-1, operation in bits 2-3; it tells when a result of zero is exact (tools/isa/vectors.mjs).
const PRODUCT: u32 = 1;
const QUOTIENT: u32 = 2;
const ROOT: u32 = 3;

export function arithmetic(j: usize, entry: usize): void {
  requireFloat(j);
  const shape = argOf(entry) & 3;
  const operation = argOf(entry) >> 2;
  const b = source(j, entry);
  const a = destination(j);
  const checkB = mustCheck(j, sourceNumber(j), shape);
  const checkA = operation != ROOT && mustCheck(j, target(j), shape);
  if (isScalar(shape)) computeScalar(j, a, b, opcodeOf(entry), operation, isDouble(shape));
  else {
    if (operation != ROOT) E.get(j, a);
    E.get(j, b);
    V.simd(j, opcodeOf(entry));
    E.set(j, L.VR);
  }
  startChecks(j);
  checkMode(j);
  if (isScalar(shape)) {
    if (checkA) checkPlain(j, a, isDouble(shape));
    if (checkB) checkPlain(j, b, isDouble(shape));
    checkSafe(j, L.VR, isDouble(shape));
  } else checkVectors(j, checkA ? a : 0, checkB ? b : 0, a, b, operation, isDouble(shape));
  slowly(j);
  const operands = operation == ROOT ? Jit.LOOK_B : Jit.LOOK_A | Jit.LOOK_B;
  callByValue(j, a, b, operands | Jit.LOOK_RESULT | shape | (shape << Jit.LOOK_TO));
  endSlowly(j);
  E.get(j, L.VR);
  putTarget(j);
  markPlain(j, target(j), shape);
}

/** VR = the destination with its lowest element replaced. */
function computeScalar(j: usize, a: u32, b: u32, opcode: u32, operation: u32, double: bool): void {
  E.get(j, a);
  if (operation != ROOT) pushScalar(j, a, double);
  pushScalar(j, b, double);
  E.op(j, opcode);
  V.lane(j, double ? V.F64X2_REPLACE : V.F32X4_REPLACE, 0);
  E.set(j, L.VR);
}

/** Whether some element needs the handler. Of the first two locals, 0 needs no look. */
function checkVectors(j: usize, checkA: u32, checkB: u32, a: u32, b: u32, operation: u32, double: bool): void {
  pushSafe(j, L.VR, double);
  pushIsZero(j, L.VR, double);
  if (operation == PRODUCT || operation == QUOTIENT) {
    // Else it may be an underflow.
    pushIsZero(j, a, double);
    if (operation == PRODUCT) {
      pushIsZero(j, b, double);
      V.simd(j, V.V128_OR);
    }
    V.simd(j, V.V128_AND);
  }
  V.simd(j, V.V128_OR);
  andPlain(j, checkA, double);
  if (checkB != checkA) andPlain(j, checkB, double);
  checkAll(j);
}

function andPlain(j: usize, local: u32, double: bool): void {
  if (local == 0) return;
  pushPlain(j, local, double);
  V.simd(j, V.V128_AND);
}

/** Two operands must be plain numbers; the mode does not matter. */
export function checkNumbers(j: usize, a: u32, b: u32, checkA: bool, checkB: bool, shape: u32): void {
  if (!checkA || !checkB) checkSurprise(j);
  const double = isDouble(shape);
  if (isScalar(shape)) {
    if (checkA) checkPlainNumber(j, a, double);
    if (checkB) checkPlainNumber(j, b, double);
    return;
  }
  if (!checkA && !checkB) return;
  pushPlain(j, checkA ? a : b, double);
  if (checkA && checkB) {
    pushPlain(j, b, double);
    V.simd(j, V.V128_AND);
  }
  checkAll(j);
}

/** Merges the lowest element of VR into local a, for scalars: VR = the whole register. */
export function mergeScalar(j: usize, a: u32, shape: u32): void {
  if (!isScalar(shape)) return;
  E.get(j, a);
  pushScalar(j, L.VR, isDouble(shape));
  V.lane(j, isDouble(shape) ? V.F64X2_REPLACE : V.F32X4_REPLACE, 0);
  E.set(j, L.VR);
}

/** MIN and MAX give the second operand when both are zero: the pseudo-minimum with the operands exchanged. */
export function choice(j: usize, entry: usize): void {
  requireFloat(j);
  const shape = argOf(entry);
  const b = source(j, entry);
  const a = destination(j);
  const checkB = mustCheck(j, sourceNumber(j), shape);
  const checkA = mustCheck(j, target(j), shape);
  V.simdOn(j, opcodeOf(entry), b, a);
  E.set(j, L.VR);
  mergeScalar(j, a, shape);
  startChecks(j);
  checkNumbers(j, a, b, checkA, checkB, shape);
  slowly(j);
  callByValue(j, a, b, Jit.LOOK_A | Jit.LOOK_B | Jit.LOOK_RESULT | shape | (shape << Jit.LOOK_TO));
  endSlowly(j);
  E.get(j, L.VR);
  putTarget(j);
  markPlain(j, target(j), shape);
}
