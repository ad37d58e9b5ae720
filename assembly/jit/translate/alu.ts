// Arithmetic and logic. X and Y are the operands; the result is left in a local and written by the caller.

import * as Cpu from "../../layout/cpu";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { bitsFromCarries, keepCarry, pushCarry, setKind, setKindOf } from "./flags";
import { flagsDie } from "./flag_life";
import { extend, pushRawXopConstant, pushRawXopY, pushXopY } from "./operand";

/** X + Y: returns the local with the sum. */
function add(j: usize, size: u32): u32 {
  pushRawXopY(j, E.I64_ADD, size);
  if (flagsDie(j)) return keep(j, L.Z);
  copy(j, L.X, L.FLAG_A);
  setKindOf(j, Cpu.FLAGS_ADD, size);
  return keep(j, L.FLAG_RESULT);
}

/** X - Y: returns the local with the difference. */
function subtract(j: usize, size: u32): u32 {
  pushRawXopY(j, E.I64_SUB, size);
  E.set(j, L.Z);
  compare(j, size);
  return L.Z;
}

/** The flags of X - Y. */
function compare(j: usize, size: u32): void {
  if (flagsDie(j)) return;
  copy(j, L.X, L.FLAG_A);
  copy(j, L.Y, L.FLAG_B);
  setKindOf(j, Cpu.FLAGS_SUB, size);
}

/** X * Y, cut to the size. */
function multiply(j: usize, size: u32): u32 {
  pushXopY(j, E.I64_MUL, size);
  if (flagsDie(j)) return keep(j, L.Z);
  copy(j, L.X, L.FLAG_A);
  copy(j, L.Y, L.FLAG_B);
  setKind(j, Cpu.FLAGS_MUL);
  return keep(j, L.FLAG_RESULT);
}

function logic(j: usize, opcode: u32, size: u32): u32 {
  pushRawXopY(j, opcode, size);
  if (flagsDie(j)) return keep(j, L.Z);
  setKindOf(j, Cpu.FLAGS_LOGIC, size);
  return keep(j, L.FLAG_RESULT);
}

/** Pops into a local, and returns it. */
function keep(j: usize, local: u32): u32 {
  E.set(j, local);
  return local;
}

function copy(j: usize, from: u32, to: u32): void {
  E.get(j, from);
  E.set(j, to);
}

/** ADC and SBB: the carries are worked out bit by bit; nobody reads them as a rule, and then they cost nothing. */
function withCarry(j: usize, add: bool, size: u32): u32 {
  pushCarry(j);
  E.op(j, E.I64_EXTEND_I32_U);
  E.set(j, L.Z);
  E.get(j, L.X);
  E.get(j, L.Y);
  E.op(j, add ? E.I64_ADD : E.I64_SUB);
  E.get(j, L.Z);
  E.op(j, add ? E.I64_ADD : E.I64_SUB);
  extend(j, size);
  E.set(j, L.FLAG_RESULT);
  if (flagsDie(j)) return L.FLAG_RESULT;
  // ADD: (x & y) | ((x | y) & ~r); SUB: (~x & y) | ((~x | y) & r).
  pushX(j, add);
  E.get(j, L.Y);
  E.op(j, E.I64_AND);
  pushX(j, add);
  E.get(j, L.Y);
  E.op(j, E.I64_OR);
  E.get(j, L.FLAG_RESULT);
  if (add) {
    E.i64Const(j, -1);
    E.op(j, E.I64_XOR);
  }
  E.op(j, E.I64_AND);
  E.op(j, E.I64_OR);
  E.set(j, L.W);
  bitsFromCarries(j, size);
  setKind(j, Cpu.FLAGS_BITS);
  return L.FLAG_RESULT;
}

function pushX(j: usize, plain: bool): void {
  E.get(j, L.X);
  if (plain) return;
  E.i64Const(j, -1);
  E.op(j, E.I64_XOR);
}

/** INC and DEC: CF is put aside first. */
function countBy(j: usize, by: i32, kind: u32, size: u32): u32 {
  const seen = !flagsDie(j);
  if (seen) keepCarry(j);
  pushRawXopConstant(j, E.I64_ADD, size, by);
  if (!seen) return keep(j, L.Z);
  copy(j, L.X, L.FLAG_A);
  setKindOf(j, kind, size);
  return keep(j, L.FLAG_RESULT);
}

/** Whether the operands of a kind may come as they are in 32-bit registers: the upper half does not matter. */
export function takesRaw(kind: u32): bool {
  switch (kind) {
    case K.kMove:
    case K.kSelect:
    case K.kAdd:
    case K.kSub:
    case K.kCmp:
    case K.kAnd:
    case K.kTest:
    case K.kOr:
    case K.kXor:
    case K.kInc:
    case K.kDec:
    case K.kNeg:
    case K.kNot:
      return true;
  }
  return false;
}

/**
 * Translates operation `kind` on X and Y. Returns the local that holds the result; CMP has none, and TEST none to write, which
 * their rows' operands tell the caller.
 */
export function translateAlu(j: usize, kind: u32, size: u32): u32 {
  switch (kind) {
    case K.kAdd:
      return add(j, size);
    case K.kSub:
      return subtract(j, size);
    case K.kCmp:
      compare(j, size);
      return L.Z;
    case K.kAnd:
    case K.kTest:
      return logic(j, E.I64_AND, size);
    case K.kOr:
      return logic(j, E.I64_OR, size);
    case K.kXor:
      return logic(j, E.I64_XOR, size);
    case K.kAdc:
      return withCarry(j, true, size);
    case K.kSbb:
      return withCarry(j, false, size);
    case K.kInc:
      return countBy(j, 1, Cpu.FLAGS_INC, size);
    case K.kDec:
      return countBy(j, -1, Cpu.FLAGS_DEC, size);
    case K.kNeg:
      copy(j, L.X, L.Y);
      E.i64Const(j, 0);
      E.set(j, L.X);
      return subtract(j, size);
    case K.kNot:
      pushRawXopConstant(j, E.I64_XOR, size, -1);
      return keep(j, L.Z);
  }
  return multiply(j, size);
}
