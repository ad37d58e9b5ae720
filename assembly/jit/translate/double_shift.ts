// SHLD and SHRD of 32 and 64 bits. X is the destination, Y what is shifted in, both zero-extended; W the count.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as E from "../emit";
import * as L from "../locals";
import { entryOf } from "../region";
import { flagsDie } from "./flag_life";
import { setKind } from "./flags";
import * as O from "./operand";
import { pushRm } from "./shared_host";

/** False, and nothing is written, for what the handler does: 16 bits, and constant counts of 0. */
export function translateDoubleShift(j: usize, left: bool, size: u32): bool {
  const rec = O.recordOf(j);
  const variable = load<u8>(entryOf(rec), 5) == <u8>O.OPERAND_CL;
  const mask: u32 = size == 3 ? 63 : 31;
  if (size < 2 || (!variable && (load<u32>(rec, Record.imm) & mask) == 0)) return false;
  pushRm(j, size, true, true);
  E.set(j, L.X);
  O.pushRaw(j, load<u8>(rec, Record.reg));
  O.extendZero(j, size);
  E.set(j, L.Y);
  if (variable) {
    L.getGpr(j, 1);
    E.i64Const(j, mask);
    E.op(j, E.I64_AND);
  } else E.i64Const(j, load<u32>(rec, Record.imm) & mask);
  E.set(j, L.W);
  if (size == 3) shiftWide(j, left);
  else shiftPair(j, left);
  O.extend(j, size);
  E.set(j, L.Z);
  O.writeRm(j, L.Z, size);
  if (!flagsDie(j)) flagsOf(j, left, size, variable);
  return true;
}

/** Pushes the half that is wanted of the pair, shifted. */
function shiftPair(j: usize, left: bool): void {
  E.get(j, left ? L.X : L.Y);
  E.i64Const(j, 32);
  E.op(j, E.I64_SHL);
  E.get(j, left ? L.Y : L.X);
  E.op(j, E.I64_OR);
  E.get(j, L.W);
  E.op(j, left ? E.I64_SHL : E.I64_SHR_U);
  if (!left) return;
  E.i64Const(j, 32);
  E.op(j, E.I64_SHR_U);
}

/** The same of 64 bits: what comes in is shifted by one and by the rest, since 64 is 0. */
function shiftWide(j: usize, left: bool): void {
  E.get(j, L.X);
  E.get(j, L.W);
  E.op(j, left ? E.I64_SHL : E.I64_SHR_U);
  E.get(j, L.Y);
  E.i64Const(j, 1);
  E.op(j, left ? E.I64_SHR_U : E.I64_SHL);
  E.i64Const(j, 63);
  E.get(j, L.W);
  E.op(j, E.I64_SUB);
  E.op(j, left ? E.I64_SHR_U : E.I64_SHL);
  E.op(j, E.I64_OR);
}

/** CF is the last bit that was shifted out, OF whether the sign has changed; with a variable count of 0 all stay. */
function flagsOf(j: usize, left: bool, size: u32, variable: bool): void {
  if (variable) {
    L.changesFlags(j);
    E.get(j, L.W);
    E.op(j, E.I64_EQZ);
    E.op(j, E.I32_EQZ);
    E.ifThen(j, E.VOID);
  }
  E.get(j, L.X);
  if (left) E.i64Const(j, O.bitsOf(size));
  E.get(j, L.W);
  if (!left) E.i64Const(j, 1);
  E.op(j, E.I64_SUB);
  pushBit(j);
  E.get(j, L.X);
  E.get(j, L.Z);
  E.op(j, E.I64_XOR);
  E.i64Const(j, O.bitsOf(size) - 1);
  pushBit(j);
  E.i32Const(j, 11);
  E.op(j, E.I32_SHL);
  E.op(j, E.I32_OR);
  E.set(j, L.FLAG_BITS);
  E.get(j, L.Z);
  E.set(j, L.FLAG_RESULT);
  setKind(j, Cpu.FLAGS_BITS);
  if (!variable) return;
  E.end(j);
  store<u32>(j, Jit.FLAGS_UNKNOWN, Jit.flagKind);
}

/** With a value and a number on the stack, that bit of the value (i32). */
function pushBit(j: usize): void {
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
}
