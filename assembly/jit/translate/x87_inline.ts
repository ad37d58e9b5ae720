// Addition, multiplication and rounding to binary64 of normal numbers in the usual mode, written into the region: softfloat/float80_quick.ts in
// WebAssembly, where it is explained. The result goes to a register, its exceptions to the local FSW. Everything else is for
// the code between `slowly` and `endSlowly`.

import * as Jit from "../../layout/jit";
import { C1 } from "../../cpu/ops/x87_state";
import { BIAS, EXP_MASK } from "../../softfloat/float80";
import * as E from "../emit";
import * as L from "../locals";
import { pushHighProduct } from "./muldiv";
import { getHead, getSig, setHead, setSig } from "../x87_state";
import { hostAt } from "./operand";
import { DENORMAL_OR_EXPONENT } from "./x87_operands";

const SIGN: i32 = 0x8000;
const LARGEST: i32 = 0x7ffe;

// Work locals. X and Y are the significands, LOW the bits below that of the result, EXP its exponent field, HEAD_A and
// HEAD_B signs and exponents of the operands.
const X: u32 = L.X;
const Y: u32 = L.Y;
const Z: u32 = L.Z;
const W: u32 = L.W;
const EXP: u32 = L.ENTRY;

/** Pushes local op local. */
function both(j: usize, opcode: u32, a: u32, b: u32): void {
  E.get(j, a);
  E.get(j, b);
  E.op(j, opcode);
}

function with32(j: usize, opcode: u32, value: i32): void {
  E.i32Const(j, value);
  E.op(j, opcode);
}

function with64(j: usize, opcode: u32, value: i64): void {
  E.i64Const(j, value);
  E.op(j, opcode);
}

/** Pushes whether the register or operand is a normal number. */
function pushNormal(j: usize, n: u32): void {
  getHead(j, n);
  with32(j, E.I32_AND, DENORMAL_OR_EXPONENT);
  with32(j, E.I32_SUB, 1);
  with32(j, E.I32_LT_U, LARGEST);
  getSig(j, n);
  with64(j, E.I64_LT_S, 0);
  E.op(j, E.I32_AND);
}

/** Opens the block whose end is behind the slow way. */
function open(j: usize): void {
  store<u32>(j, load<u32>(j, Jit.depth), Jit.checkDepth);
  E.block(j, E.VOID);
}

/** Begins the way for normal numbers, if both are and the mode is usual. */
function startQuick(j: usize, a: u32, b: u32): void {
  open(j);
  pushNormal(j, a);
  if (b != a) {
    pushNormal(j, b);
    E.op(j, E.I32_AND);
  }
  E.get(j, L.X87_MODE);
  E.op(j, E.I32_EQZ);
  E.op(j, E.I32_AND);
  E.ifHinted(j, E.VOID, true);
}

/** T = 1 if X:LOW is rounded up: LOW is above the middle, or in the middle and X odd. */
function decide(j: usize): void {
  E.get(j, L.LOW);
  E.i64Const(j, i64.MIN_VALUE);
  E.get(j, X);
  with64(j, E.I64_AND, 1);
  E.op(j, E.I64_SUB);
  E.op(j, E.I64_GT_U);
  E.set(j, L.T);
}

/** FSW gets PE if LOW is not zero, and C1 of T. */
function signal(j: usize): void {
  E.get(j, L.FSW);
  with32(j, E.I32_AND, ~C1);
  E.get(j, L.LOW);
  with64(j, E.I64_NE, 0);
  with32(j, E.I32_SHL, 5);
  E.op(j, E.I32_OR);
  E.get(j, L.T);
  with32(j, E.I32_SHL, 9);
  E.op(j, E.I32_OR);
  E.set(j, L.FSW);
}

/** Rounds X:LOW to nearest into register `to`, and leaves the block, unless the exponent is out of range. */
function finish(j: usize, to: u32): void {
  decide(j);
  E.get(j, X);
  E.get(j, L.T);
  E.op(j, E.I64_EXTEND_I32_U);
  E.op(j, E.I64_ADD);
  E.set(j, Y);
  both(j, E.I64_LT_U, Y, X);
  E.ifHinted(j, E.VOID, false);
  E.i64Const(j, i64.MIN_VALUE);
  E.set(j, Y);
  E.get(j, EXP);
  with32(j, E.I32_ADD, 1);
  E.set(j, EXP);
  E.end(j);
  E.get(j, EXP);
  with32(j, E.I32_SUB, 1);
  with32(j, E.I32_LT_U, LARGEST);
  E.ifHinted(j, E.VOID, true);
  E.get(j, Y);
  setSig(j, to);
  E.get(j, L.HEAD_A);
  with32(j, E.I32_AND, SIGN);
  E.get(j, EXP);
  E.op(j, E.I32_OR);
  setHead(j, to);
  signal(j);
  leaveQuick(j);
  E.end(j);
}

/** The result is there. */
function leaveQuick(j: usize): void {
  E.br(j, load<u32>(j, Jit.checkDepth));
}

/** The quick way ends here; what follows is for the rest, until `endSlowly`. */
export function slowly(j: usize): void {
  E.end(j);
}

export function endSlowly(j: usize): void {
  E.end(j);
}

/** Register `to` = a + b or a - b, up to `slowly`. */
export function startAdd(j: usize, a: u32, b: u32, to: u32, subtract: bool): void {
  startQuick(j, a, b);
  arrange(j, a, b, subtract);
  align(j);
  both(j, E.I32_XOR, L.HEAD_A, L.HEAD_B);
  with32(j, E.I32_AND, SIGN);
  E.ifThen(j, E.VOID);
  difference(j, to);
  E.elseThen(j);
  sum(j);
  E.end(j);
  finish(j, to);
}

/** X and Y = significands, HEAD_A and HEAD_B = signs and exponents, that of the larger magnitude first; W = distance. */
function arrange(j: usize, a: u32, b: u32, subtract: bool): void {
  getHead(j, a);
  E.set(j, L.HEAD_A);
  getHead(j, b);
  if (subtract) with32(j, E.I32_XOR, SIGN);
  E.set(j, L.HEAD_B);
  E.get(j, L.HEAD_A);
  with32(j, E.I32_AND, EXP_MASK);
  E.get(j, L.HEAD_B);
  with32(j, E.I32_AND, EXP_MASK);
  E.op(j, E.I32_SUB);
  E.set(j, EXP);
  // T = -1 if they change places.
  E.i32Const(j, 0);
  E.get(j, EXP);
  with32(j, E.I32_LT_S, 0);
  E.get(j, EXP);
  E.op(j, E.I32_EQZ);
  getSig(j, a);
  getSig(j, b);
  E.op(j, E.I64_LT_U);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_OR);
  E.op(j, E.I32_SUB);
  E.set(j, L.T);
  exchangeIf(j, a, b);
  both(j, E.I32_XOR, EXP, L.T);
  E.get(j, L.T);
  E.op(j, E.I32_SUB);
  E.op(j, E.I64_EXTEND_I32_U);
  E.set(j, W);
}

function exchangeIf(j: usize, a: u32, b: u32): void {
  getSig(j, a);
  getSig(j, b);
  E.op(j, E.I64_XOR);
  E.get(j, L.T);
  E.op(j, E.I64_EXTEND_I32_S);
  E.op(j, E.I64_AND);
  E.set(j, Z);
  getSig(j, a);
  E.get(j, Z);
  E.op(j, E.I64_XOR);
  E.set(j, X);
  getSig(j, b);
  E.get(j, Z);
  E.op(j, E.I64_XOR);
  E.set(j, Y);
  both(j, E.I32_XOR, L.HEAD_A, L.HEAD_B);
  E.get(j, L.T);
  E.op(j, E.I32_AND);
  E.tee(j, L.T2);
  E.get(j, L.HEAD_A);
  E.op(j, E.I32_XOR);
  E.set(j, L.HEAD_A);
  both(j, E.I32_XOR, L.HEAD_B, L.T2);
  E.set(j, L.HEAD_B);
}

/** Moves Y down by the distance W into Y:LOW; EXP = the exponent of the larger. */
function align(j: usize): void {
  E.get(j, W);
  with64(j, E.I64_LT_U, 64);
  E.ifHinted(j, E.VOID, true);
  E.get(j, Y);
  with64(j, E.I64_SHL, 1);
  E.i64Const(j, 63);
  E.get(j, W);
  E.op(j, E.I64_SUB);
  E.op(j, E.I64_SHL);
  E.set(j, L.LOW);
  both(j, E.I64_SHR_U, Y, W);
  E.set(j, Y);
  E.elseThen(j);
  E.get(j, Y);
  E.i64Const(j, 1);
  E.get(j, W);
  with64(j, E.I64_EQ, 64);
  E.select(j);
  E.set(j, L.LOW);
  E.i64Const(j, 0);
  E.set(j, Y);
  E.end(j);
  E.get(j, L.HEAD_A);
  with32(j, E.I32_AND, EXP_MASK);
  E.set(j, EXP);
}

/** X:LOW = X + Y:LOW, one place down if that carries. */
function sum(j: usize): void {
  both(j, E.I64_ADD, X, Y);
  E.tee(j, Y);
  E.get(j, X);
  E.op(j, E.I64_LT_U);
  E.tee(j, L.T);
  E.op(j, E.I64_EXTEND_I32_U);
  E.set(j, Z);
  both(j, E.I64_SHR_U, L.LOW, Z);
  both(j, E.I64_AND, L.LOW, Z);
  E.op(j, E.I64_OR);
  E.get(j, Y);
  with64(j, E.I64_SHL, 63);
  E.i64Const(j, 0);
  E.get(j, Z);
  E.op(j, E.I64_SUB);
  E.op(j, E.I64_AND);
  E.op(j, E.I64_OR);
  E.set(j, L.LOW);
  both(j, E.I64_SHR_U, Y, Z);
  E.get(j, Z);
  with64(j, E.I64_SHL, 63);
  E.op(j, E.I64_OR);
  E.set(j, X);
  both(j, E.I32_ADD, EXP, L.T);
  E.set(j, EXP);
}

/** X:LOW = X - Y:LOW, normalised; an exact zero is the result at once. */
function difference(j: usize, to: u32): void {
  both(j, E.I64_SUB, X, Y);
  E.get(j, L.LOW);
  with64(j, E.I64_NE, 0);
  E.op(j, E.I64_EXTEND_I32_U);
  E.op(j, E.I64_SUB);
  E.set(j, Y);
  E.i64Const(j, 0);
  E.get(j, L.LOW);
  E.op(j, E.I64_SUB);
  E.set(j, L.LOW);
  E.get(j, Y);
  E.op(j, E.I64_EQZ);
  E.ifHinted(j, E.VOID, false);
  cancelled(j, to);
  E.end(j);
  E.get(j, Y);
  E.op(j, E.I64_CLZ);
  E.set(j, Z);
  both(j, E.I64_SHL, Y, Z);
  E.get(j, L.LOW);
  with64(j, E.I64_SHR_U, 1);
  E.i64Const(j, 63);
  E.get(j, Z);
  E.op(j, E.I64_SUB);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I64_OR);
  E.set(j, X);
  both(j, E.I64_SHL, L.LOW, Z);
  E.set(j, L.LOW);
  E.get(j, EXP);
  E.get(j, Z);
  E.op(j, E.I32_WRAP_I64);
  E.op(j, E.I32_SUB);
  E.set(j, EXP);
}

/** The upper half of a difference is zero. */
function cancelled(j: usize, to: u32): void {
  E.get(j, L.LOW);
  E.op(j, E.I64_EQZ);
  E.ifThen(j, E.VOID);
  E.i64Const(j, 0);
  setSig(j, to);
  E.i32Const(j, 0);
  setHead(j, to);
  E.get(j, L.FSW);
  with32(j, E.I32_AND, ~C1);
  E.set(j, L.FSW);
  leaveQuick(j);
  E.end(j);
  E.get(j, L.LOW);
  E.set(j, Y);
  E.i64Const(j, 0);
  E.set(j, L.LOW);
  E.get(j, EXP);
  with32(j, E.I32_SUB, 64);
  E.set(j, EXP);
}

/** Register `to` = a * b, up to `slowly`. */
export function startMultiply(j: usize, a: u32, b: u32, to: u32): void {
  startQuick(j, a, b);
  getHead(j, a);
  getHead(j, b);
  E.op(j, E.I32_XOR);
  E.set(j, L.HEAD_A);
  pushHighProduct(j, L.SIG + a, L.SIG + b);
  E.set(j, X);
  getSig(j, a);
  getSig(j, b);
  E.op(j, E.I64_MUL);
  E.set(j, L.LOW);
  // Z = 1 if the product lacks its first bit: one place up then.
  E.get(j, X);
  with64(j, E.I64_SHR_U, 63);
  with64(j, E.I64_XOR, 1);
  E.set(j, Z);
  both(j, E.I64_SHL, X, Z);
  E.get(j, L.LOW);
  with64(j, E.I64_SHR_U, 63);
  E.get(j, Z);
  E.op(j, E.I64_AND);
  E.op(j, E.I64_OR);
  E.set(j, X);
  both(j, E.I64_SHL, L.LOW, Z);
  E.set(j, L.LOW);
  getHead(j, a);
  with32(j, E.I32_AND, EXP_MASK);
  getHead(j, b);
  with32(j, E.I32_AND, EXP_MASK);
  E.op(j, E.I32_ADD);
  with32(j, E.I32_SUB, BIAS - 1);
  E.get(j, Z);
  E.op(j, E.I32_WRAP_I64);
  E.op(j, E.I32_SUB);
  E.set(j, EXP);
  finish(j, to);
}

// Exponent fields of extended numbers that are normal in binary64, and so is their upper neighbour: one below the first, and
// how many.
const BELOW_NORMAL64: i32 = BIAS - 1023 + 1;
const NORMAL64: i32 = 2 * 1023 - 2;

/** Rounds register `n` to binary64 and stores it at HOST, up to `slowly` (softfloat/float80_convert.ts narrowQuick). */
export function startNarrow(j: usize, n: u32): void {
  open(j);
  getHead(j, n);
  with32(j, E.I32_AND, EXP_MASK);
  with32(j, E.I32_SUB, BELOW_NORMAL64);
  E.tee(j, EXP);
  with32(j, E.I32_LT_U, NORMAL64);
  getSig(j, n);
  with64(j, E.I64_LT_S, 0);
  E.op(j, E.I32_AND);
  E.get(j, L.X87_MODE);
  E.op(j, E.I32_EQZ);
  E.op(j, E.I32_AND);
  E.ifHinted(j, E.VOID, true);
  getSig(j, n);
  with64(j, E.I64_SHR_U, 11);
  E.set(j, X);
  getSig(j, n);
  with64(j, E.I64_SHL, 53);
  E.set(j, L.LOW);
  decide(j);
  E.get(j, L.HOST);
  // The first bit of the significand adds 1 to the exponent field.
  E.get(j, EXP);
  E.op(j, E.I64_EXTEND_I32_U);
  with64(j, E.I64_SHL, 52);
  E.get(j, X);
  E.op(j, E.I64_ADD);
  E.get(j, L.T);
  E.op(j, E.I64_EXTEND_I32_U);
  E.op(j, E.I64_ADD);
  getHead(j, n);
  E.op(j, E.I64_EXTEND_I32_U);
  with64(j, E.I64_SHR_U, 15);
  with64(j, E.I64_SHL, 63);
  E.op(j, E.I64_OR);
  E.memory(j, E.I64_STORE, hostAt(j));
  signal(j);
  leaveQuick(j);
}
