// Bit tests, scans and counts.

import { CF, ZF } from "../../cpu/flags";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { replaceFlags, setExplicit } from "./flags";
import { flagsDie } from "./flag_life";
import * as O from "./operand";
import { pushRm } from "./shared_host";

/** Translates the kinds of this file; false if it is none of them. */
export function translateBits(j: usize, kind: u32, size: u32): bool {
  switch (kind) {
    case K.kBtImm:
    case K.kBtsImm:
    case K.kBtrImm:
    case K.kBtcImm:
      E.i64Const(j, load<i32>(O.recordOf(j), Record.imm));
      E.set(j, L.Y);
      translateBitTest(j, kind - K.kBtImm, size, false);
      return true;
    case K.kBt:
    case K.kBts:
    case K.kBtr:
    case K.kBtc:
      // The word of a bit string wraps within the address size, and has its segment's limit: the handler knows.
      if (!O.isRegisterForm(O.recordOf(j)) && O.formOf(j) != Record.FORM_MEM64) return false;
      O.pushRegister(j, load<u8>(O.recordOf(j), Record.reg), size);
      E.set(j, L.Y);
      translateBitTest(j, kind - K.kBt, size, true);
      return true;
    case K.kBsf:
    case K.kBsr:
      translateScan(j, size, kind == K.kBsr);
      return true;
    case K.kPopcnt:
      translateCount(j, size);
      return true;
  }
  return false;
}

// What is done with the bit: the order of the kinds.
const TEST = 0;
const SET = 1;
const RESET = 2;

/** Tests the bit that Y names, and changes it. In memory a register names a bit of a string: its upper part selects the word. */
function translateBitTest(j: usize, how: u32, size: u32, byRegister: bool): void {
  if (byRegister && !O.isRegisterForm(O.recordOf(j))) {
    hostOfWord(j, size, how != TEST);
    O.pushMemory(j, size, true);
  } else pushRm(j, size, true, how != TEST);
  E.set(j, L.X);
  E.get(j, L.Y);
  E.i64Const(j, O.bitsOf(size) - 1);
  E.op(j, E.I64_AND);
  E.set(j, L.Y);
  if (how != TEST) {
    changeBit(j, how);
    O.writeRm(j, L.Z, size);
  }
  if (flagsDie(j)) return;
  E.get(j, L.X);
  E.get(j, L.Y);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
  E.set(j, L.ENTRY);
  replaceFlags(j, CF);
}

/** HOST = where the word of the bit string is that has bit Y, a signed number. */
function hostOfWord(j: usize, size: u32, write: bool): void {
  O.pushLinear(j, 1 << size);
  E.get(j, L.Y);
  E.i64Const(j, size + 3);
  E.op(j, E.I64_SHR_S);
  E.i64Const(j, size);
  E.op(j, E.I64_SHL);
  E.op(j, E.I64_ADD);
  E.set(j, L.LA);
  O.hostOfLa(j, size, write);
}

/** Z = X with bit Y set, cleared or complemented. */
function changeBit(j: usize, how: u32): void {
  E.get(j, L.X);
  E.i64Const(j, 1);
  E.get(j, L.Y);
  E.op(j, E.I64_SHL);
  if (how == RESET) {
    E.i64Const(j, -1);
    E.op(j, E.I64_XOR);
  }
  E.op(j, how == SET ? E.I64_OR : how == RESET ? E.I64_AND : E.I64_XOR);
  E.set(j, L.Z);
}

/** BSF and BSR: a source of zero leaves all of the destination as it is. */
function translateScan(j: usize, size: u32, backward: bool): void {
  const to = <u32>load<u8>(O.recordOf(j), Record.reg);
  pushRm(j, size, true, false);
  E.set(j, L.Y);
  if (backward) E.i64Const(j, 63);
  E.get(j, L.Y);
  E.op(j, backward ? E.I64_CLZ : E.I64_CTZ);
  if (backward) E.op(j, E.I64_SUB);
  L.getGpr(j, to >> 3);
  E.get(j, L.Y);
  E.op(j, E.I64_EQZ);
  E.op(j, E.I32_EQZ);
  E.select(j);
  O.popRegister(j, to, size == 1 ? 1 : 3);
  if (flagsDie(j)) return;
  pushZero(j);
  E.set(j, L.ENTRY);
  replaceFlags(j, ZF);
}

/** Pushes ZF if Y is zero, else 0. */
function pushZero(j: usize): void {
  E.get(j, L.Y);
  E.op(j, E.I64_EQZ);
  E.i32Const(j, 6);
  E.op(j, E.I32_SHL);
}

/** POPCNT: all flags but ZF are cleared. */
function translateCount(j: usize, size: u32): void {
  pushRm(j, size, true, false);
  E.set(j, L.Y);
  E.get(j, L.Y);
  E.op(j, E.I64_POPCNT);
  O.popRegister(j, load<u8>(O.recordOf(j), Record.reg), size);
  if (flagsDie(j)) return;
  pushZero(j);
  E.set(j, L.FLAG_BITS);
  setExplicit(j);
}
