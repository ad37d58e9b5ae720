// Conversions between integers, binary32 and binary64; rounding to integral numbers.

import * as Jit from "../../layout/jit";
import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { argOf, opcodeOf } from "../region";
import { callHandlerAside } from "./handler";
import * as O from "./operand";
import { mergeScalar } from "./sse_float";
import { destination, immediate, putTarget, rmNumber, sizeOf, source, target } from "./sse_operands";
import { hostOfOperand } from "./shared_host";
import {
  callByValue,
  checkAll,
  checkMode,
  checkPlainNumber,
  checkSafe,
  checkSurprise,
  endSlowly,
  isDouble,
  isScalar,
  markPlain,
  mustCheck,
  PD,
  PS,
  pushIsZero,
  pushPlain,
  pushScalar,
  requireFloat,
  SD,
  slowIf,
  slowly,
  sourceNumber,
  SS,
  startChecks,
} from "./sse_plain";

/** CVTSI2SD, CVTSI2SS. Only what may not fit the precision depends on the mode. */
export function fromInteger(j: usize, entry: usize): void {
  const size = sizeOf(entry);
  const double = isDouble(argOf(entry));
  const exact = double && size == 2;
  if (O.isRegisterForm(O.recordOf(j))) L.getGpr(j, rmNumber(j) >> 3);
  else {
    hostOfOperand(j, size, false);
    O.pushMemory(j, size, false);
  }
  O.extend(j, size);
  E.set(j, L.X);
  if (!exact) {
    requireFloat(j);
    startChecks(j);
    pushMayRound(j, double ? (<i64>1) << 53 : (<i64>1) << 24);
    slowIf(j);
  }
  E.get(j, destination(j));
  E.get(j, L.X);
  if (size == 2) {
    E.op(j, E.I32_WRAP_I64);
    E.op(j, double ? E.F64_CONVERT_I32_S : E.F32_CONVERT_I32_S);
  } else E.op(j, double ? E.F64_CONVERT_I64_S : E.F32_CONVERT_I64_S);
  V.lane(j, double ? V.F64X2_REPLACE : V.F32X4_REPLACE, 0);
  putTarget(j);
  if (exact) markPlain(j, target(j), SD);
  else {
    slowly(j);
    callHandlerAside(j);
    endSlowly(j);
  }
}

/** Pushes whether the mode is unusual and X beyond the precision. */
function pushMayRound(j: usize, limit: i64): void {
  E.get(j, L.MX);
  E.i32Const(j, 0);
  E.op(j, E.I32_NE);
  E.get(j, L.X);
  E.i64Const(j, limit);
  E.op(j, E.I64_ADD);
  E.i64Const(j, limit * 2);
  E.op(j, E.I64_GT_U);
  E.op(j, E.I32_AND);
}

/** Argument of toInteger: the result is cut, not rounded. */
const TRUNCATES: u32 = 4;

/** CVTSD2SI, CVTTSD2SI and their like for binary32, which goes through binary64. */
export function toInteger(j: usize, entry: usize): void {
  requireFloat(j);
  const size = sizeOf(entry);
  const double = isDouble(argOf(entry));
  pushScalar(j, source(j, entry), double);
  if (!double) E.op(j, E.F64_PROMOTE_F32);
  if ((argOf(entry) & TRUNCATES) == 0) E.op(j, E.F64_NEAREST);
  E.set(j, L.NUMBER);
  startChecks(j);
  checkMode(j);
  E.get(j, L.NUMBER);
  E.op(j, E.F64_ABS);
  E.f64Const(j, size == 2 ? 2147483648.0 : 9223372036854775808.0);
  E.op(j, E.F64_LT);
  E.op(j, E.I32_EQZ);
  slowIf(j);
  E.get(j, L.NUMBER);
  E.truncate(j, size == 2 ? E.I32_TRUNC_SAT_F64_S : E.I64_TRUNC_SAT_F64_S);
  if (size == 2) E.op(j, E.I64_EXTEND_I32_U);
  L.setGpr(j, target(j) >> 3);
  slowly(j);
  callHandlerAside(j);
  endSlowly(j);
}

/** CVTSS2SD, always exact. */
export function widenScalar(j: usize, entry: usize): void {
  requireFloat(j);
  const b = source(j, entry);
  const a = destination(j);
  const check = mustCheck(j, sourceNumber(j), SS);
  E.get(j, a);
  pushScalar(j, b, false);
  E.op(j, E.F64_PROMOTE_F32);
  V.lane(j, V.F64X2_REPLACE, 0);
  E.set(j, L.VR);
  startChecks(j);
  if (check) checkPlainNumber(j, b, false);
  else checkSurprise(j);
  finish(j, a, b, Jit.LOOK_B | SS, SD);
}

/** CVTSD2SS: a safe result tells that the operand was normal. */
export function narrowScalar(j: usize, entry: usize): void {
  requireFloat(j);
  const b = source(j, entry);
  const a = destination(j);
  E.get(j, a);
  pushScalar(j, b, true);
  E.op(j, E.F32_DEMOTE_F64);
  V.lane(j, V.F32X4_REPLACE, 0);
  E.set(j, L.VR);
  startChecks(j);
  checkMode(j);
  checkSafe(j, L.VR, false);
  finish(j, a, b, 0, SS);
}

/** Ends the checks: the slow way is by the handler. VR becomes the register's value, of shape `to`. */
function finish(j: usize, a: u32, b: u32, looks: u32, to: u32): void {
  slowly(j);
  callByValue(j, a, b, looks | Jit.LOOK_RESULT | (to << Jit.LOOK_TO));
  endSlowly(j);
  E.get(j, L.VR);
  putTarget(j);
  markPlain(j, target(j), to);
}

/** CVTPS2PD: results of denormal operands lie below what binary32 has as normal. */
export function widenPacked(j: usize, entry: usize): void {
  requireFloat(j);
  const b = source(j, entry);
  const a = destination(j);
  E.get(j, b);
  V.simd(j, V.F64X2_PROMOTE);
  E.set(j, L.VR);
  startChecks(j);
  pushWithin(j, L.VR, 0x3810000000000000, 0x7ff0000000000000);
  checkAll(j);
  finish(j, a, b, 0, PD);
}

/** CVTPD2PS. */
export function narrowPacked(j: usize, entry: usize): void {
  requireFloat(j);
  const b = source(j, entry);
  const a = destination(j);
  E.get(j, b);
  V.simd(j, V.F32X4_DEMOTE);
  E.set(j, L.VR);
  startChecks(j);
  checkMode(j);
  pushWithin(j, b, 0x3820000000000000, 0x47efffffe0000000);
  checkAll(j);
  finish(j, a, b, 0, PS);
}

/** Pushes whether doubles of a local are zero or have a magnitude from `least` to `most`. */
function pushWithin(j: usize, local: u32, least: u64, most: u64): void {
  E.get(j, local);
  V.simd(j, V.F64X2_ABS);
  E.tee(j, L.VT);
  V.v128Const(j, least, least);
  V.simd(j, V.F64X2_GE);
  E.get(j, L.VT);
  V.v128Const(j, most, most);
  V.simd(j, V.F64X2_LE);
  V.simd(j, V.V128_AND);
  pushIsZero(j, local, true);
  V.simd(j, V.V128_OR);
}

/** CVTDQ2PD, exact; CVTDQ2PS, which may round. */
export function fromIntegers(j: usize, entry: usize): void {
  const double = isDouble(argOf(entry));
  if (!double) requireFloat(j);
  const b = source(j, entry);
  const a = destination(j);
  E.get(j, b);
  V.simd(j, opcodeOf(entry));
  if (double) {
    putTarget(j);
    markPlain(j, target(j), PD);
    return;
  }
  E.set(j, L.VR);
  startChecks(j);
  checkMode(j);
  finish(j, a, b, 0, PS);
}

/** CVTPS2DQ, CVTPD2DQ and the forms that truncate, for numbers that stay in range whatever the rounding. */
export function toIntegers(j: usize, entry: usize): void {
  requireFloat(j);
  const double = isDouble(argOf(entry));
  const b = source(j, entry);
  const a = destination(j);
  E.get(j, b);
  if ((argOf(entry) & TRUNCATES) == 0) V.simd(j, double ? V.F64X2_NEAREST : V.F32X4_NEAREST);
  V.simd(j, opcodeOf(entry));
  E.set(j, L.VR);
  startChecks(j);
  checkMode(j);
  E.get(j, b);
  V.simd(j, double ? V.F64X2_ABS : V.F32X4_ABS);
  // 2147483647, and the largest binary32 number below it.
  const limit: u64 = double ? 0x41dfffffffc00000 : 0x4effffff4effffff;
  V.v128Const(j, limit, limit);
  V.simd(j, double ? V.F64X2_LT : V.F32X4_LT);
  checkAll(j);
  slowly(j);
  callByValue(j, a, b, 0);
  endSlowly(j);
  E.get(j, L.VR);
  putTarget(j);
}

// Bits of ROUND's immediate.
const MODE_OF_MXCSR: u32 = 4;
const KEEPS_PE: u32 = 8;

/** ROUNDSD and family. */
export function round(j: usize, entry: usize): void {
  requireFloat(j);
  const shape = argOf(entry);
  const control = immediate(j);
  const b = source(j, entry);
  const a = destination(j);
  const check = mustCheck(j, sourceNumber(j), shape);
  E.get(j, b);
  V.simd(j, roundingOpcode((control & MODE_OF_MXCSR) != 0 ? 0 : control & 3, isDouble(shape)));
  E.set(j, L.VR);
  mergeScalar(j, a, shape);
  startChecks(j);
  if ((control & MODE_OF_MXCSR) != 0 || (control & KEEPS_PE) == 0) {
    checkMode(j);
  } else if (!check) checkSurprise(j);
  if (check) checkNumber(j, b, shape);
  finish(j, a, b, Jit.LOOK_B | shape, shape);
}

function checkNumber(j: usize, b: u32, shape: u32): void {
  if (isScalar(shape)) checkPlainNumber(j, b, isDouble(shape));
  else {
    pushPlain(j, b, isDouble(shape));
    checkAll(j);
  }
}

/** Nearest, down, up, towards zero. */
function roundingOpcode(mode: u32, double: bool): u32 {
  switch (mode) {
    case 0:
      return double ? V.F64X2_NEAREST : V.F32X4_NEAREST;
    case 1:
      return double ? V.F64X2_FLOOR : V.F32X4_FLOOR;
    case 2:
      return double ? V.F64X2_CEIL : V.F32X4_CEIL;
    default:
      return double ? V.F64X2_TRUNC : V.F32X4_TRUNC;
  }
}
