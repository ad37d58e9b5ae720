// Products of twice the operand size and divisions: rAX and rDX hold a pair.

import * as Cpu from "../../layout/cpu";
import { CF, OF } from "../../cpu/flags";
import * as E from "../emit";
import * as L from "../locals";
import { flagsDie } from "./flag_life";
import { setKind } from "./flags";
import { callHandlerAside } from "./handler";
import * as O from "./operand";
import { pushRm } from "./shared_host";

const RAX: u32 = 0;
const RDX: u32 = 2;

function pushAccumulator(j: usize, n: u32, size: u32, unsignedValue: bool): void {
  L.getGpr(j, n);
  if (unsignedValue) O.extendZero(j, size);
  else O.extend(j, size);
}

/** Pops into rAX or rDX. */
function popAccumulator(j: usize, n: u32, size: u32): void {
  O.popRegister(j, n << 3, size);
}

function pushHalf(j: usize, local: u32, high: bool): void {
  E.get(j, local);
  E.i64Const(j, high ? 32 : 0xffffffff);
  E.op(j, high ? E.I64_SHR_U : E.I64_AND);
}

function pushPartial(j: usize, a: u32, highA: bool, b: u32, highB: bool): void {
  pushHalf(j, a, highA);
  pushHalf(j, b, highB);
  E.op(j, E.I64_MUL);
}

/** Pushes the upper 64 bits of the product of two locals, from products of halves; uses W. */
export function pushHighProduct(j: usize, a: u32, b: u32): void {
  pushPartial(j, a, true, b, false);
  pushPartial(j, a, false, b, false);
  E.i64Const(j, 32);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I64_ADD);
  E.set(j, L.W);
  pushPartial(j, a, true, b, true);
  pushHalf(j, L.W, true);
  E.op(j, E.I64_ADD);
  pushHalf(j, L.W, false);
  pushPartial(j, a, false, b, true);
  E.op(j, E.I64_ADD);
  E.i64Const(j, 32);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I64_ADD);
}

/** W = upper 64 bits of X * Y. */
function highProduct(j: usize, signed: bool): void {
  pushHighProduct(j, L.X, L.Y);
  if (signed) {
    subtractIfNegative(j, L.X, L.Y);
    subtractIfNegative(j, L.Y, L.X);
  }
  E.set(j, L.W);
}

/** Subtracts `other` from what is on the stack if `sign` is negative. */
function subtractIfNegative(j: usize, sign: u32, other: u32): void {
  E.get(j, sign);
  E.i64Const(j, 63);
  E.op(j, E.I64_SHR_S);
  E.get(j, other);
  E.op(j, E.I64_AND);
  E.op(j, E.I64_SUB);
}

/** MUL and IMUL with one operand. Z is the lower half or, below 64 bits, all of the product; W the upper half of 64 bits. */
export function translateProduct(j: usize, size: u32, signed: bool): void {
  pushRm(j, size, !signed, false);
  E.set(j, L.Y);
  pushAccumulator(j, RAX, size, !signed);
  E.set(j, L.X);
  E.get(j, L.X);
  E.get(j, L.Y);
  E.op(j, E.I64_MUL);
  E.set(j, L.Z);
  if (size == 3) highProduct(j, signed);
  if (!flagsDie(j)) setProductFlags(j, size, signed);
  E.get(j, L.Z);
  popAccumulator(j, RAX, size);
  if (size == 3) E.get(j, L.W);
  else {
    E.get(j, L.Z);
    E.i64Const(j, O.bitsOf(size));
    E.op(j, E.I64_SHR_U);
  }
  popAccumulator(j, RDX, size);
}

/** CF and OF say whether the upper half is more than the extension of the lower one. */
function setProductFlags(j: usize, size: u32, signed: bool): void {
  E.get(j, L.Z);
  O.extend(j, size);
  E.set(j, L.FLAG_RESULT);
  if (size == 3) {
    E.get(j, L.W);
    if (signed) {
      E.get(j, L.Z);
      E.i64Const(j, 63);
      E.op(j, E.I64_SHR_S);
    } else E.i64Const(j, 0);
  } else {
    E.get(j, L.Z);
    E.get(j, L.Z);
    if (signed) O.extend(j, size);
    else O.extendZero(j, size);
  }
  E.op(j, E.I64_NE);
  E.i32Const(j, CF | OF);
  E.op(j, E.I32_MUL);
  E.set(j, L.FLAG_BITS);
  setKind(j, Cpu.FLAGS_BITS);
}

/**
 * DIV and IDIV. What raises #DE goes to the interpreter, and division by -1 with it, whose overflow is a trap in wasm; a
 * dividend of more than 64 bits goes to the handler.
 */
export function translateDivision(j: usize, size: u32, signed: bool): void {
  pushRm(j, size, !signed, false);
  E.set(j, L.Y);
  if (size < 3) {
    divideNarrow(j, size, signed);
    return;
  }
  // X = the lower half; is the upper one no more than its extension?
  L.getGpr(j, RAX);
  E.set(j, L.X);
  L.getGpr(j, RDX);
  if (signed) {
    E.get(j, L.X);
    E.i64Const(j, 63);
    E.op(j, E.I64_SHR_S);
  } else E.i64Const(j, 0);
  E.op(j, E.I64_EQ);
  E.ifHinted(j, E.VOID, true);
  exitUnlessDivisor(j, signed);
  divide(j, signed);
  storeQuotient(j, 3);
  E.elseThen(j);
  callHandlerAside(j);
  E.end(j);
}

/** Leaves for divisors that divide() must not see. */
function exitUnlessDivisor(j: usize, signed: bool): void {
  E.get(j, L.Y);
  if (signed) {
    E.i64Const(j, 1);
    E.op(j, E.I64_ADD);
    E.i64Const(j, 1);
    E.op(j, E.I64_LE_U);
  } else E.op(j, E.I64_EQZ);
  exitIf(j);
}

function exitIf(j: usize): void {
  E.ifHinted(j, E.VOID, false);
  O.exitHere(j);
  E.end(j);
}

/** Z = X / Y. */
function divide(j: usize, signed: bool): void {
  E.get(j, L.X);
  E.get(j, L.Y);
  E.op(j, signed ? E.I64_DIV_S : E.I64_DIV_U);
  E.set(j, L.Z);
}

/** rAX = Z, rDX = X - Z * Y. */
function storeQuotient(j: usize, size: u32): void {
  E.get(j, L.Z);
  popAccumulator(j, RAX, size);
  E.get(j, L.X);
  E.get(j, L.Z);
  E.get(j, L.Y);
  E.op(j, E.I64_MUL);
  E.op(j, E.I64_SUB);
  popAccumulator(j, RDX, size);
}

/** The dividend fits 64 bits. */
function divideNarrow(j: usize, size: u32, signed: bool): void {
  exitUnlessDivisor(j, signed);
  pushAccumulator(j, RDX, size, !signed);
  E.i64Const(j, O.bitsOf(size));
  E.op(j, E.I64_SHL);
  pushAccumulator(j, RAX, size, true);
  E.op(j, E.I64_OR);
  E.set(j, L.X);
  divide(j, signed);
  // The quotient must fit.
  E.get(j, L.Z);
  E.get(j, L.Z);
  if (signed) O.extend(j, size);
  else O.extendZero(j, size);
  E.op(j, E.I64_NE);
  exitIf(j);
  storeQuotient(j, size);
}
