// Floating-point comparisons: CMPPS and family, which make masks; COMIS and UCOMIS, which set flags.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import { CF, PF, ZF } from "../../cpu/flags";
import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { argOf } from "../region";
import { setKind, usesFlags } from "./flags";
import { checkNumbers, mergeScalar } from "./sse_float";
import { destination, immediate, putTarget, source, target } from "./sse_operands";
import {
  callByValue,
  endSlowly,
  isDouble,
  mustCheck,
  pushCall,
  pushScalar,
  requireFloat,
  settleMode,
  slowly,
  sourceNumber,
  startChecks,
} from "./sse_plain";

/** Pushes the mask of a predicate on numbers. */
function pushHolds(j: usize, predicate: u32, a: u32, b: u32, double: bool): void {
  if ((predicate & 3) == 3) {
    // Unordered, ordered.
    const all: u64 = (predicate & 4) != 0 ? 0xffffffffffffffff : 0;
    V.v128Const(j, all, all);
    return;
  }
  E.get(j, a);
  E.get(j, b);
  V.simd(j, (double ? V.F64X2_EQ : V.F32X4_EQ) + comparisonOf(predicate));
}

/** The place of a predicate among WebAssembly's eq, ne, lt, gt, le, ge. */
function comparisonOf(predicate: u32): u32 {
  switch (predicate) {
    case 0:
      return 0;
    case 1:
      return 2;
    case 2:
      return 4;
    case 4:
      return 1;
    case 5:
      return 5;
    default:
      return 3;
  }
}

export function compare(j: usize, entry: usize): void {
  requireFloat(j);
  const shape = argOf(entry);
  const b = source(j, entry);
  const a = destination(j);
  const checkB = mustCheck(j, sourceNumber(j), shape);
  const checkA = mustCheck(j, target(j), shape);
  pushHolds(j, immediate(j) & 7, a, b, isDouble(shape));
  E.set(j, L.VR);
  mergeScalar(j, a, shape);
  startChecks(j);
  checkNumbers(j, a, b, checkA, checkB, shape);
  slowly(j);
  callByValue(j, a, b, Jit.LOOK_A | Jit.LOOK_B | shape);
  endSlowly(j);
  E.get(j, L.VR);
  putTarget(j);
}

/** COMIS and UCOMIS leave their operands in locals, so that a branch that follows is one comparison. */
export function order(j: usize, entry: usize): void {
  requireFloat(j);
  const shape = argOf(entry);
  const double = isDouble(shape);
  const b = source(j, entry);
  const a = destination(j);
  const checkB = mustCheck(j, sourceNumber(j), shape);
  const checkA = mustCheck(j, target(j), shape);
  pushScalar(j, a, double);
  if (!double) E.op(j, E.F64_PROMOTE_F32);
  E.set(j, L.ORDER_A);
  pushScalar(j, b, double);
  if (!double) E.op(j, E.F64_PROMOTE_F32);
  E.set(j, L.ORDER_B);
  startChecks(j);
  checkNumbers(j, a, b, checkA, checkB, shape);
  slowly(j);
  pushCall(j, a, b, Jit.LOOK_A | Jit.LOOK_B | shape);
  E.call(j, L.FN_ORDER);
  E.set(j, L.ORDER_A);
  E.f64Const(j, 0);
  E.set(j, L.ORDER_B);
  settleMode(j);
  endSlowly(j);
  usesFlags(j, Jit.USES_ORDER);
  setKind(j, Jit.FLAGS_ORDER);
}
