// Arithmetic and logic. X and Y are the operands; the result is left in FLAG_RESULT or Z and written by the caller.

import * as Cpu from "../../layout/cpu";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { bitsFromCarries, pushCarry, setKind, setOperands } from "./flags";
import { flagsDie } from "./flag_life";
import { extend, pushXopConstant, pushXopY } from "./operand";

/** FLAG_RESULT = X opcode Y, cut to the size. */
function compute(j: usize, opcode: u32, size: u32): void {
  pushXopY(j, opcode, size);
  E.set(j, L.FLAG_RESULT);
}

/** FLAG_RESULT = X opcode Y, and flags of that kind if anybody sees them. */
function arithmetic(j: usize, opcode: u32, size: u32, kind: u32): void {
  compute(j, opcode, size);
  if (!flagsDie(j)) setOperands(j, kind);
}

function logic(j: usize, opcode: u32, size: u32): void {
  pushXopY(j, opcode, size);
  E.set(j, L.FLAG_RESULT);
  if (!flagsDie(j)) setKind(j, Cpu.FLAGS_LOGIC);
}

/** ADC and SBB: the carries are worked out bit by bit; nobody reads them as a rule, and then they cost nothing. */
function withCarry(j: usize, add: bool, size: u32): void {
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
  if (flagsDie(j)) return;
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
}

function pushX(j: usize, plain: bool): void {
  E.get(j, L.X);
  if (plain) return;
  E.i64Const(j, -1);
  E.op(j, E.I64_XOR);
}

/** INC and DEC: CF is put aside first. */
function countBy(j: usize, by: i32, kind: u32, size: u32): void {
  const seen = !flagsDie(j);
  if (seen) {
    pushCarry(j);
    E.set(j, L.FLAG_BITS);
  }
  pushXopConstant(j, E.I64_ADD, size, by);
  E.set(j, L.FLAG_RESULT);
  if (!seen) return;
  E.get(j, L.X);
  E.set(j, L.FLAG_A);
  setKind(j, kind);
}

/**
 * Translates operation `kind` on X and Y. Returns the local that holds the result; CMP and TEST have none to write, which
 * their rows' operands tell the caller.
 */
export function translateAlu(j: usize, kind: u32, size: u32): u32 {
  switch (kind) {
    case K.kAdd:
      arithmetic(j, E.I64_ADD, size, Cpu.FLAGS_ADD);
      break;
    case K.kSub:
    case K.kCmp:
      arithmetic(j, E.I64_SUB, size, Cpu.FLAGS_SUB);
      break;
    case K.kAnd:
    case K.kTest:
      logic(j, E.I64_AND, size);
      break;
    case K.kOr:
      logic(j, E.I64_OR, size);
      break;
    case K.kXor:
      logic(j, E.I64_XOR, size);
      break;
    case K.kAdc:
      withCarry(j, true, size);
      break;
    case K.kSbb:
      withCarry(j, false, size);
      break;
    case K.kInc:
      countBy(j, 1, Cpu.FLAGS_INC, size);
      break;
    case K.kDec:
      countBy(j, -1, Cpu.FLAGS_DEC, size);
      break;
    case K.kNeg:
      E.get(j, L.X);
      E.set(j, L.Y);
      E.i64Const(j, 0);
      E.set(j, L.X);
      arithmetic(j, E.I64_SUB, size, Cpu.FLAGS_SUB);
      break;
    case K.kNot:
      E.get(j, L.X);
      E.i64Const(j, -1);
      E.op(j, E.I64_XOR);
      E.set(j, L.Z);
      return L.Z;
    default:
      // Products.
      arithmetic(j, E.I64_MUL, size, Cpu.FLAGS_MUL);
      break;
  }
  return L.FLAG_RESULT;
}
