// Stack operations, LEA, byte swaps, sign fills: what has no pure form with operands read and written around it.

import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { slotSize } from "../state";
import {
  addSegment,
  extend,
  hostOfLa,
  popRegister,
  pushMemory,
  pushOffset,
  pushPointer,
  pushRegister,
  recordOf,
  storeAtHost,
} from "./operand";
import { hostOfStack, pushRm } from "./shared_host";

const RAX: u32 = 0;
const RDX: u32 = 2;
const RSP: u32 = 4;
const RBP: u32 = 5;

/** Pushes the local X onto the guest's stack; rsp moves when the store has succeeded. */
export function pushX(j: usize): void {
  const size = slotSize(j);
  hostOfStack(j, -(1 << size), 1 << size, true);
  storeAtHost(j, L.X, size);
  E.get(j, L.LA);
  L.setGpr(j, RSP);
}

/** Reads the top of the guest's stack, zero-extended, into the local X. */
export function readTop(j: usize): void {
  const size = slotSize(j);
  hostOfStack(j, 0, 1 << size, false);
  pushMemory(j, size, true);
  E.set(j, L.X);
}

/** Pops from the guest's stack into the local X. */
export function popX(j: usize): void {
  readTop(j);
  dropTop(j, 0);
}

/** Moves rsp up over the top of the stack and `more` bytes. */
export function dropTop(j: usize, more: u32): void {
  pushPointer(j, RSP, (1 << slotSize(j)) + more);
  L.setGpr(j, RSP);
}

function translateLeave(j: usize): void {
  const size = slotSize(j);
  pushPointer(j, RBP, 0);
  E.set(j, L.LA);
  hostOfLa(j, size, false);
  pushPointer(j, RBP, 1 << size);
  L.setGpr(j, RSP);
  pushMemory(j, size, true);
  L.setGpr(j, RBP);
}

function translatePushRm(j: usize, size: u32): void {
  pushRm(j, size, true, false);
  E.set(j, L.X);
  pushX(j);
}

/** MOV between the accumulator and an absolute address, whose 64 bits are across displacement and immediate. */
function translateOffset(j: usize, kind: u32, size: u32): void {
  E.i64Const(j, load<i64>(recordOf(j), Record.disp));
  addSegment(j, 1 << size);
  E.set(j, L.LA);
  const stores = kind == K.kStoreOffset || kind == K.kStoreOffsetByte;
  hostOfLa(j, size, stores);
  if (stores) {
    L.getGpr(j, RAX);
    E.set(j, L.X);
    storeAtHost(j, L.X, size);
  } else {
    pushMemory(j, size, true);
    popRegister(j, Cpu.rax, size);
  }
}

/** ((v & mask) << n) | ((v >> n) & mask), v in X. */
function swapParts(j: usize, mask: i64, n: i64): void {
  E.get(j, L.X);
  E.i64Const(j, mask);
  E.op(j, E.I64_AND);
  E.i64Const(j, n);
  E.op(j, E.I64_SHL);
  E.get(j, L.X);
  E.i64Const(j, n);
  E.op(j, E.I64_SHR_U);
  E.i64Const(j, mask);
  E.op(j, E.I64_AND);
  E.op(j, E.I64_OR);
  E.set(j, L.X);
}

function translateBswap(j: usize, size: u32): void {
  const offset = <u32>load<u8>(recordOf(j), Record.rm);
  pushRegister(j, offset, 3);
  E.set(j, L.X);
  swapParts(j, 0x00ff00ff00ff00ff, 8);
  swapParts(j, 0x0000ffff0000ffff, 16);
  E.get(j, L.X);
  E.i64Const(j, 32);
  E.op(j, E.I64_ROTL);
  if (size == 2) {
    E.i64Const(j, 32);
    E.op(j, E.I64_SHR_U);
  }
  popRegister(j, offset, size);
}

function translateExchangeAccumulator(j: usize, size: u32): void {
  const offset = <u32>load<u8>(recordOf(j), Record.rm);
  if (offset == Cpu.rax) return;
  pushRegister(j, offset, size);
  E.set(j, L.X);
  pushRegister(j, Cpu.rax, size);
  popRegister(j, offset, size);
  E.get(j, L.X);
  popRegister(j, Cpu.rax, size);
}

/** Whether translateMove has this kind in this size. */
export function canMove(j: usize, kind: u32, size: u32): bool {
  switch (kind) {
    case K.kPushReg:
    case K.kPopReg:
    case K.kPushImm:
    case K.kPushRm:
    case K.kLeave:
      return size == slotSize(j);
    case K.kBswap:
      return size >= 2;
    case K.kImmediate:
    case K.kLea:
    case K.kWiden:
    case K.kSignFill:
    case K.kNop:
    case K.kExchangeAccumulator:
    case K.kLoadOffset:
    case K.kStoreOffset:
    case K.kLoadOffsetByte:
    case K.kStoreOffsetByte:
      return true;
  }
  return false;
}

export function translateMove(j: usize, kind: u32, size: u32): void {
  const rec = recordOf(j);
  switch (kind) {
    case K.kImmediate:
      E.i64Const(j, size == 3 ? load<i64>(rec, Record.disp) : <i64>load<i32>(rec, Record.imm));
      popRegister(j, load<u8>(rec, Record.rm), size);
      return;
    case K.kLea:
      pushOffset(j);
      popRegister(j, load<u8>(rec, Record.reg), size);
      return;
    case K.kPushReg:
      pushRegister(j, load<u8>(rec, Record.rm), size);
      E.set(j, L.X);
      pushX(j);
      return;
    case K.kPushRm:
      translatePushRm(j, size);
      return;
    case K.kPushImm:
      E.i64Const(j, load<i32>(rec, Record.imm));
      E.set(j, L.X);
      pushX(j);
      return;
    case K.kPopReg:
      popX(j);
      E.get(j, L.X);
      L.setGpr(j, (<u32>load<u8>(rec, Record.rm)) >> 3);
      return;
    case K.kLeave:
      translateLeave(j);
      return;
    case K.kBswap:
      translateBswap(j, size);
      return;
    case K.kWiden:
      L.getGpr(j, RAX);
      extend(j, size - 1);
      popRegister(j, Cpu.rax, size);
      return;
    case K.kSignFill:
      L.getGpr(j, RAX);
      extend(j, size);
      E.i64Const(j, 63);
      E.op(j, E.I64_SHR_S);
      popRegister(j, RDX << 3, size);
      return;
    case K.kExchangeAccumulator:
      translateExchangeAccumulator(j, size);
      return;
    case K.kLoadOffset:
    case K.kStoreOffset:
      translateOffset(j, kind, size);
      return;
    case K.kLoadOffsetByte:
    case K.kStoreOffsetByte:
      translateOffset(j, kind, 0);
      return;
  }
}
