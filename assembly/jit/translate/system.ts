// Flags beside the arithmetic ones, and SWAPGS: what a kernel does at its entries and with interrupts off.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { DF, IF } from "../../cpu/flags";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { kindOfRecord } from "../region";
import { exitHere } from "./operand";

/** CLD, STD, CLI and SWAPGS; false, and nothing is written, for what handlers do. */
export function translateSystem(j: usize, kind: u32): bool {
  switch (kind) {
    case K.kCld:
      clearFlags(j, DF);
      return true;
    case K.kStd:
      setFlags(j, DF);
      return true;
    case K.kCli:
      if (L.isUser(j)) return false;
      requireSupervisor(j);
      clearFlags(j, IF);
      return true;
    case K.kSwapgs:
      if (L.isUser(j) || L.isFlat(j)) return false;
      requireSupervisor(j);
      swapBases(j);
      return true;
  }
  return false;
}

function pushPrivilege(j: usize): void {
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.cpl);
}

/** The interpreter knows what others than privilege 0 may do. */
function requireSupervisor(j: usize): void {
  pushPrivilege(j);
  E.ifHinted(j, E.VOID, false);
  exitHere(j);
  E.end(j);
}

function changeFlags(j: usize, bits: i32, opcode: u32): void {
  L.pushCpu(j);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.eflags);
  E.i32Const(j, bits);
  E.op(j, opcode);
  E.memory(j, E.I32_STORE, Cpu.eflags);
}

function setFlags(j: usize, bits: u32): void {
  changeFlags(j, <i32>bits, E.I32_OR);
}

function clearFlags(j: usize, bits: u32): void {
  changeFlags(j, <i32>~bits, E.I32_AND);
}

function swapBases(j: usize): void {
  L.loadLocal(j, L.X, E.I64_LOAD, Cpu.gsBase);
  L.pushCpu(j);
  L.pushCpu(j);
  E.memory(j, E.I64_LOAD, Cpu.kernelGsBase);
  E.memory(j, E.I64_STORE, Cpu.gsBase);
  L.storeLocal(j, L.X, E.I64_STORE, Cpu.kernelGsBase);
}

/** STI, CLAC and STAC: pushes whether the handler must do it (i32). */
export function translateQuick(j: usize, rec: usize): void {
  if (kindOfRecord(rec) == K.kSti) enableInterrupts(j);
  else {
    L.pushCpu(j);
    E.i32Const(j, <i32>rec);
    E.i32Const(j, kindOfRecord(rec) == K.kStac ? 1 : 0);
    E.call(j, L.FN_ALIGNMENT);
    if (!L.isUser(j)) L.loadLocal(j, L.TLB, E.I32_LOAD, Cpu.tlb);
  }
}

/** As long as nobody waits for an interrupt or for the run loop, the one instruction that STI keeps interrupts off makes no difference. */
function enableInterrupts(j: usize): void {
  pushPrivilege(j);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.intrPending);
  E.op(j, E.I32_OR);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.exitRequest);
  E.op(j, E.I32_OR);
  E.tee(j, L.EXIT);
  E.op(j, E.I32_EQZ);
  E.ifHinted(j, E.VOID, true);
  setFlags(j, IF);
  E.end(j);
  E.get(j, L.EXIT);
}
