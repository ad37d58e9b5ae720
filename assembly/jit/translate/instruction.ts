// Translates one instruction that does not branch: by its kind if there is a translation, else as a call of its handler.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as Ops from "../../cpu/generated/ops";
import { segmentOf } from "../../cpu/operand";
import * as E from "../emit";
import { beginInstruction } from "../flow";
import * as L from "../locals";
import { kindOf } from "../region";
import { takesRaw, translateAlu } from "./alu";
import { translateBits } from "./bits";
import { translateExchange } from "./exchange";
import { pushCondition } from "./flags";
import { callHandler, translateFence } from "./handler";
import { canMove, translateMove } from "./move";
import { translateDivision, translateProduct } from "./muldiv";
import * as O from "./operand";
import { hostOfOperand } from "./shared_host";
import { translateDoubleShift } from "./double_shift";
import { translateRotate, translateShift } from "./shift";
import { translateVector } from "./sse";
import { translateSystem } from "./system";
import { translateX87 } from "./x87";

export function translateInstruction(j: usize, rec: usize): void {
  store<u32>(j, <u32>rec, Jit.record);
  beginInstruction(j);
  const op = <i32>load<u16>(rec, Record.op);
  if (op == Ops.FENCE) {
    translateFence(j);
    return;
  }
  const entry = kindOf(op);
  const kind = <u32>load<u8>(entry);
  const size = <u32>load<u8>(entry, 1);
  // The code segment can only be read, if at all.
  const inCode = L.isFlat(j) && !O.isRegisterForm(rec) && segmentOf(rec) == Cpu.CS + 1;
  if (kind >= K.FIRST_X87) translateX87(j, kind, entry);
  else if (kind == 0 || (inCode && kind != K.kNop)) callHandler(j);
  else if (kind >= K.FIRST_VECTOR) translateVector(j, kind, entry);
  else if (canMove(j, kind, size)) translateMove(j, kind, size);
  else if (!translateOther(j, kind, size)) {
    if (isPure(kind)) translatePure(j, kind, size, entry);
    else callHandler(j);
  }
}

/** Operations with more results than one, or operands that are not simply read; false if it is none of them. */
function translateOther(j: usize, kind: u32, size: u32): bool {
  switch (kind) {
    case K.kMul:
    case K.kImul:
      translateProduct(j, size, kind == K.kImul);
      return true;
    case K.kDiv:
    case K.kIdiv:
      translateDivision(j, size, kind == K.kIdiv);
      return true;
    case K.kExchange:
    case K.kXadd:
    case K.kCmpxchg:
      translateExchange(j, kind, size);
      return true;
    case K.kShld:
    case K.kShrd:
      return translateDoubleShift(j, kind == K.kShld, size);
  }
  if (translateSystem(j, kind)) return true;
  return translateBits(j, kind, size);
}

/** What the others have for some forms and sizes only, handlers do for the rest. */
function isPure(kind: u32): bool {
  if (kind >= K.FIRST_SEVERAL) return false;
  switch (kind) {
    case K.kPushReg:
    case K.kPopReg:
    case K.kPushImm:
    case K.kPushRm:
    case K.kLeave:
    case K.kBswap:
      return false;
  }
  return true;
}

/** Operations whose operands are read before and whose result is written after: the first operand is the destination. */
function translatePure(j: usize, kind: u32, size: u32, entry: usize): void {
  const form = <u32>load<u8>(entry, 2);
  const to = <u32>load<u8>(entry, 3);
  const from = <u32>load<u8>(entry, 4);
  const third = <u32>load<u8>(entry, 5);
  const sourceSize = (<u32>load<u8>(entry, 6)) & 15;
  const zeroExtended = (load<u8>(entry, 6) & 16) != 0;
  const compares = kind == K.kCmp || kind == K.kTest;
  const writesOnly = kind == K.kMove || kind == K.kSetcc || kind == K.kMultiply3;
  const toMemory = O.isMemory(to, form);
  if (toMemory) hostOfOperand(j, size, !compares);
  else if (O.isMemory(from, form)) hostOfOperand(j, sourceSize, false);
  if (third != O.OPERAND_NONE) {
    O.pushOperand(j, from, form, size, false);
    E.set(j, L.X);
    O.pushOperand(j, third, form, size, false);
    E.set(j, L.Y);
  } else {
    const raw = size == 2 && sourceSize == 2 && takesRaw(kind);
    if (!writesOnly) {
      if (raw) O.pushRawOperand(j, to, form);
      else O.pushOperand(j, to, form, size, false);
      E.set(j, L.X);
    }
    if (from != O.OPERAND_NONE) {
      if (raw) O.pushRawOperand(j, from, form);
      else O.pushOperand(j, from, form, sourceSize, zeroExtended);
      E.set(j, L.Y);
    }
  }
  const result = operate(j, kind, size, from);
  if (compares) return;
  if (toMemory) O.storeAtHost(j, result, size);
  else {
    E.get(j, result);
    O.popRegister(j, O.offsetOfOperand(j, to), size);
  }
}

/** Emits the operation on X and Y; returns the local with its result. */
function operate(j: usize, kind: u32, size: u32, from: u32): u32 {
  const rec = O.recordOf(j);
  switch (kind) {
    case K.kMove:
      return L.Y;
    case K.kSelect:
      E.get(j, L.Y);
      E.get(j, L.X);
      pushCondition(j, load<u32>(rec, Record.imm));
      E.select(j);
      E.set(j, L.Z);
      return L.Z;
    case K.kSetcc:
      pushCondition(j, load<u32>(rec, Record.imm));
      E.op(j, E.I64_EXTEND_I32_U);
      E.set(j, L.Z);
      return L.Z;
    case K.kShl:
    case K.kShr:
    case K.kSar:
      translateShift(j, kind, size, from == O.OPERAND_CL ? -1 : shiftCount(rec, from));
      return L.Z;
    case K.kRol:
    case K.kRor:
      translateRotate(j, kind, size, from == O.OPERAND_CL ? -1 : shiftCount(rec, from));
      return L.Z;
  }
  return translateAlu(j, kind, size);
}

function shiftCount(rec: usize, from: u32): i32 {
  return from == O.OPERAND_1 ? 1 : load<i32>(rec, Record.imm) & 0xff;
}
