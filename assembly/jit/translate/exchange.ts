// XCHG, XADD and CMPXCHG. Those with a LOCK prefix have a fence in front of them (cpu/code_cache.ts); XCHG with memory is one.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { translateAlu } from "./alu";
import * as O from "./operand";
import { hostOfOperand, pushRm } from "./shared_host";

/** X = the operand that modrm.rm names, Y = the register operand. */
export function translateExchange(j: usize, kind: u32, size: u32): void {
  if (kind == K.kExchange && !O.isRegisterForm(O.recordOf(j))) {
    exchangeMemory(j, size);
    return;
  }
  pushRm(j, size, false, true);
  E.set(j, L.X);
  O.pushRegister(j, load<u8>(O.recordOf(j), Record.reg), size);
  E.set(j, L.Y);
  if (kind == K.kCmpxchg) compareAndExchange(j, size);
  else exchange(j, kind == K.kXadd, size);
}

/** XCHG with memory, atomic between threads; operands that are not aligned are left to the interpreter. */
function exchangeMemory(j: usize, size: u32): void {
  hostOfOperand(j, size, true);
  const at = O.hostAt(j);
  if (size != 0) {
    E.get(j, L.HOST);
    if (at != 0) {
      E.i32Const(j, at);
      E.op(j, E.I32_ADD);
    }
    E.i32Const(j, (1 << size) - 1);
    E.op(j, E.I32_AND);
    E.ifHinted(j, E.VOID, false);
    O.exitHere(j);
    E.end(j);
  }
  const register = load<u8>(O.recordOf(j), Record.reg);
  E.get(j, L.HOST);
  O.pushRaw(j, register);
  E.atomic(j, xchgOf(size), size, at);
  O.popRegister(j, register, size);
}

function xchgOf(size: u32): u32 {
  if (size == 0) return E.I64_ATOMIC_XCHG8_U;
  if (size == 1) return E.I64_ATOMIC_XCHG16_U;
  return size == 2 ? E.I64_ATOMIC_XCHG32_U : E.I64_ATOMIC_XCHG;
}

/** The register gets X first: if both are the same register, the sum stays. */
function exchange(j: usize, adds: bool, size: u32): void {
  E.get(j, L.X);
  O.popRegister(j, load<u8>(O.recordOf(j), Record.reg), size);
  O.writeRm(j, adds ? translateAlu(j, K.kAdd, size) : L.Y, size);
}

/** If the accumulator equals X, Y goes where X came from, else X into the accumulator. */
function compareAndExchange(j: usize, size: u32): void {
  O.pushRegister(j, Cpu.rax, size);
  E.set(j, L.Z);
  E.get(j, L.Z);
  E.get(j, L.X);
  E.op(j, E.I64_EQ);
  E.ifThen(j, E.VOID);
  O.writeRm(j, L.Y, size);
  E.elseThen(j);
  E.get(j, L.X);
  O.popRegister(j, Cpu.rax, size);
  E.end(j);
  // The flags are those of CMP.
  E.get(j, L.X);
  E.set(j, L.Y);
  E.get(j, L.Z);
  E.set(j, L.X);
  translateAlu(j, K.kCmp, size);
}
