// Packed shifts. A count above the element's width gives zeroes, or copies of the sign; WebAssembly would cut the count.

import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { argOf, opcodeOf } from "../region";
import { destination, immediate, putTarget, rmNumber, source } from "./sse_operands";

const SIGN: u32 = 128;

@inline
function widthOf(entry: usize): u32 {
  return argOf(entry) & 127;
}

@inline
function copiesSign(entry: usize): bool {
  return (argOf(entry) & SIGN) != 0;
}

export function translateShiftImmediate(j: usize, entry: usize): void {
  const last = widthOf(entry) - 1;
  const count = immediate(j);
  if (count > last && !copiesSign(entry)) V.v128Const(j, 0, 0);
  else {
    L.getXmm(j, rmNumber(j));
    E.i32Const(j, min<u32>(count, last));
    V.simd(j, opcodeOf(entry));
  }
  L.setXmm(j, rmNumber(j));
}

/** By the lower 64 bits of the source. */
export function translateShift(j: usize, entry: usize): void {
  const count = source(j, entry);
  const value = destination(j);
  E.get(j, count);
  V.lane(j, V.I64X2_EXTRACT, 0);
  E.set(j, L.X);
  if (copiesSign(entry)) {
    E.get(j, value);
    E.get(j, L.X);
    E.i64Const(j, widthOf(entry) - 1);
    pushCountFits(j, entry);
    E.select(j);
    E.op(j, E.I32_WRAP_I64);
    V.simd(j, opcodeOf(entry));
  } else {
    E.get(j, value);
    E.get(j, L.X);
    E.op(j, E.I32_WRAP_I64);
    V.simd(j, opcodeOf(entry));
    V.v128Const(j, 0, 0);
    pushCountFits(j, entry);
    E.select(j);
  }
  putTarget(j);
}

function pushCountFits(j: usize, entry: usize): void {
  E.get(j, L.X);
  E.i64Const(j, widthOf(entry));
  E.op(j, E.I64_LT_U);
}
