// Calls the interpreter's handler for the instruction under translation, with as much state in memory as it may look at.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as Ops from "../../cpu/generated/ops";
import * as E from "../emit";
import * as L from "../locals";
import { kindOf } from "../region";
import { beginInstruction, FLAGS, GENERAL, settled, VECTORS_SHIFT } from "../flow";
import { forgetFlags, loadSet, storePage, storeSet } from "../state";
import * as O from "./operand";
import { forgetFloats } from "./sse_operands";

/** A full barrier: what is stored before must be seen by devices in other threads (see insertFence in code_cache). */
export function translateFence(j: usize): void {
  L.pushCpu(j);
  E.i32Const(j, 0);
  E.atomic(j, E.I32_ATOMIC_ADD, 2, Cpu.barrier);
  E.drop(j);
}

/** Leaves the region if the handler raises a fault. */
export function callHandler(j: usize): void {
  settled(j, call(j));
  beginInstruction(j);
}

/** The same on one of two ways through an instruction: on the other, nothing is stored. */
export function callHandlerAside(j: usize): void {
  const before = load<u64>(j, Jit.pendingBefore);
  call(j);
  store<u64>(j, before, Jit.pendingBefore);
}

/** Returns what is in memory afterwards, and in locals as well. */
function call(j: usize): u64 {
  const rec = O.recordOf(j);
  const op = <i32>load<u16>(rec, Record.op);
  const effects = <u32>load<u8>(kindOf(op), 7);
  const all = (effects & K.EFFECT_GENERAL) != 0 && (effects & K.EFFECT_NAMED) == 0 && op < Ops.FIRST_SSE;
  const general: u64 = all ? GENERAL : registersOf(rec, op, effects);
  const flags: u64 = all || (effects & K.EFFECT_FLAGS) != 0 ? FLAGS : 0;
  const set = general | flags | ((<u64>vectorsOf(rec, effects)) << VECTORS_SHIFT);
  const before = load<u64>(j, Jit.pendingBefore);
  storeSet(j, set & before);
  store<u64>(j, before & ~set, Jit.pendingBefore);
  storePage(j);
  L.pushCpu(j);
  E.i32Const(j, <i32>rec);
  E.i32Const(j, op);
  E.call(j, L.FN_COLD);
  E.op(j, E.I32_EQZ);
  E.ifHinted(j, E.VOID, false);
  O.exitHere(j);
  E.end(j);
  loadSet(j, effects & K.EFFECT_GENERAL ? set : set & ~GENERAL);
  if (flags != 0) forgetFlags(j);
  forgetFloats(j);
  // Whatever it did to control registers, the next vector instruction looks again.
  if (op < Ops.FIRST_SSE) store<u32>(j, 0, Jit.vectorsReady);
  return set;
}

/** The xmm registers that a handler may read or write; fields that name something else cost no more than time. */
function vectorsOf(rec: usize, effects: u32): u32 {
  if (effects & K.EFFECT_ALL_XMM) return 0xffff;
  let registers: u32 = (effects & K.EFFECT_XMM0) != 0 ? 1 : 0;
  if ((effects & K.EFFECT_XMM) == 0) return registers;
  registers |= xmmBit(load<u8>(rec, Record.reg));
  return O.isRegisterForm(rec) ? registers | xmmBit(load<u8>(rec, Record.rm)) : registers;
}

function xmmBit(n: u32): u32 {
  return n < 16 ? (<u32>1) << n : 0;
}

/** The general registers that a record may name, and those that instructions use beside: rax, rcx, rdx, rbx, rdi. */
function registersOf(rec: usize, op: i32, effects: u32): u32 {
  const address = gprBit(load<u8>(rec, Record.rm)) | gprBit(load<u8>(rec, Record.index));
  // Those of the x87 know general registers only by the address of their operand, but for FNSTSW AX and what saves states.
  if (op >= Ops.FIRST_FPU && op < Ops.FIRST_END && (effects & K.EFFECT_GENERAL) == 0)
    return O.isRegisterForm(rec) ? 0 : address;
  return address | gprBit(load<u8>(rec, Record.reg)) | 0x8f;
}

function gprBit(offset: u32): u32 {
  return offset < 128 ? (<u32>1) << (offset >> 3) : 0;
}
