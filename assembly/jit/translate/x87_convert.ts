// Conversions of memory operands to the extended format that need no helper.

import { BIAS } from "../../softfloat/float80";
import * as E from "../emit";
import * as L from "../locals";
import { F64 } from "./x87_operands";

/** ENTRY = the exponent field of the real number X; pushes whether it is a normal number (i32). */
export function pushReal(j: usize, format: u32): void {
  const double = format == F64;
  E.get(j, L.X);
  E.i64Const(j, double ? 52 : 23);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, double ? 0x7ff : 0xff);
  E.op(j, E.I32_AND);
  E.tee(j, L.ENTRY);
  E.i32Const(j, 1);
  E.op(j, E.I32_SUB);
  E.i32Const(j, double ? 0x7fe : 0xfe);
  E.op(j, E.I32_LT_U);
}

/** Pushes the significand, then sign and exponent of the integer X. */
export function pushWhole(j: usize): void {
  // Z = all bits the sign's, Y = magnitude, W = leading zeros; of zero there are 64, and shifts take them modulo 64.
  E.get(j, L.X);
  E.i64Const(j, 63);
  E.op(j, E.I64_SHR_S);
  E.set(j, L.Z);
  E.get(j, L.X);
  E.get(j, L.Z);
  E.op(j, E.I64_XOR);
  E.get(j, L.Z);
  E.op(j, E.I64_SUB);
  E.tee(j, L.Y);
  E.op(j, E.I64_CLZ);
  E.set(j, L.W);
  E.get(j, L.Y);
  E.get(j, L.W);
  E.op(j, E.I64_SHL);
  E.i32Const(j, BIAS + 63);
  E.get(j, L.W);
  E.op(j, E.I32_WRAP_I64);
  E.op(j, E.I32_SUB);
  E.get(j, L.Z);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 0x8000);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_OR);
  E.i32Const(j, 0);
  E.get(j, L.W);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 64);
  E.op(j, E.I32_NE);
  E.select(j);
}
