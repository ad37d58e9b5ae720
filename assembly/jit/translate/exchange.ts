// XCHG, XADD and CMPXCHG. Those that lock have a fence in front of them (cpu/code_cache.ts).

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { flagsDie } from "./flag_life";
import { setOperands } from "./flags";
import * as O from "./operand";
import { hostOfOperand } from "./shared_host";

/** X = the operand that modrm.rm names, Y = the register operand. */
export function translateExchange(j: usize, kind: u32, size: u32): void {
  const rec = O.recordOf(j);
  const form: u32 = O.isRegisterForm(rec) ? 2 : 1;
  if (form == 1) hostOfOperand(j, size, true);
  O.pushOperand(j, O.OPERAND_E, form, size, false);
  E.set(j, L.X);
  O.pushRegister(j, load<u8>(rec, Record.reg), size);
  E.set(j, L.Y);
  if (kind == K.kCmpxchg) compareAndExchange(j, size);
  else exchange(j, kind == K.kXadd, size);
}

/** A local goes where the operand came from that modrm.rm names. */
function writeBack(j: usize, local: u32, size: u32): void {
  const rec = O.recordOf(j);
  if (!O.isRegisterForm(rec)) {
    O.storeAtHost(j, local, size);
    return;
  }
  E.get(j, local);
  O.popRegister(j, load<u8>(rec, Record.rm), size);
}

/** The register gets X first: if both are the same register, the sum stays. */
function exchange(j: usize, adds: bool, size: u32): void {
  E.get(j, L.X);
  O.popRegister(j, load<u8>(O.recordOf(j), Record.reg), size);
  if (!adds) {
    writeBack(j, L.Y, size);
    return;
  }
  E.get(j, L.X);
  E.get(j, L.Y);
  E.op(j, E.I64_ADD);
  O.extend(j, size);
  E.set(j, L.FLAG_RESULT);
  writeBack(j, L.FLAG_RESULT, size);
  if (!flagsDie(j)) setOperands(j, Cpu.FLAGS_ADD);
}

/** If the accumulator equals X, Y goes where X came from, else X into the accumulator. */
function compareAndExchange(j: usize, size: u32): void {
  O.pushRegister(j, Cpu.rax, size);
  E.set(j, L.Z);
  E.get(j, L.Z);
  E.get(j, L.X);
  E.op(j, E.I64_EQ);
  E.ifThen(j, E.VOID);
  writeBack(j, L.Y, size);
  E.elseThen(j);
  E.get(j, L.X);
  O.popRegister(j, Cpu.rax, size);
  E.end(j);
  if (flagsDie(j)) return;
  // The accumulator minus the operand.
  E.get(j, L.X);
  E.set(j, L.Y);
  E.get(j, L.Z);
  E.set(j, L.X);
  E.get(j, L.X);
  E.get(j, L.Y);
  E.op(j, E.I64_SUB);
  O.extend(j, size);
  E.set(j, L.FLAG_RESULT);
  setOperands(j, Cpu.FLAGS_SUB);
}
