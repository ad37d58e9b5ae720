// Loads, stores and moves of xmm registers (cpu/ops/sse_moves.ts has the interpreter's).

import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { argOf, opcodeOf } from "../region";
import * as O from "./operand";
import { destination, hostOfVector, immediate, putTarget, rmNumber, sizeOf, source, target } from "./sse_operands";
import { hostOfOperand } from "./shared_host";
import { copyPlain } from "./sse_plain";

// Bytes of shuffles: the low and the high half of the first vector, and of the second.
const FIRST_LOW: u64 = 0x0706050403020100;
const FIRST_HIGH: u64 = 0x0f0e0d0c0b0a0908;
const SECOND_LOW: u64 = 0x1716151413121110;

/** Whole registers, and loads that clear what they do not fill. In the register form, MOVQ clears the upper half too. */
export function loadWhole(j: usize, kind: u32, entry: usize): void {
  const from = source(j, entry);
  E.get(j, from);
  const whole = kind == K.kVectorLoad;
  if (!whole && from != L.VB) clearUpperHalf(j);
  putTarget(j);
  if (whole && from != L.VB) copyPlain(j, target(j), rmNumber(j));
}

/** Of the vector on the stack. */
function clearUpperHalf(j: usize): void {
  V.v128Const(j, 0, 0);
  V.shuffle(j, FIRST_LOW, SECOND_LOW);
}

export function storeWhole(j: usize, entry: usize): void {
  if (O.isRegisterForm(O.recordOf(j))) {
    E.get(j, destination(j));
    L.setXmm(j, rmNumber(j));
    copyPlain(j, rmNumber(j), target(j));
    return;
  }
  hostOfVector(j, entry, true);
  E.get(j, L.HOST);
  E.get(j, destination(j));
  V.simdMemory(j, V.V128_STORE, O.hostAt(j));
}

/** MOVSS and MOVSD between registers: the rest of the destination stays. */
export function moveLow(j: usize, entry: usize): void {
  const back = (argOf(entry) & 2) != 0;
  const to = back ? rmNumber(j) : target(j);
  const from = back ? target(j) : rmNumber(j);
  L.getXmm(j, to);
  L.getXmm(j, from);
  V.shuffle(j, (argOf(entry) & 1) != 0 ? SECOND_LOW : 0x0706050413121110, FIRST_HIGH);
  L.setXmm(j, to);
}

export function storeLane(j: usize, entry: usize): void {
  hostOfVector(j, entry, true);
  E.get(j, L.HOST);
  E.get(j, destination(j));
  V.laneMemory(j, opcodeOf(entry), O.hostAt(j), argOf(entry));
}

export function movq(j: usize, entry: usize): void {
  if (!O.isRegisterForm(O.recordOf(j))) {
    storeLane(j, entry);
    return;
  }
  E.get(j, destination(j));
  clearUpperHalf(j);
  L.setXmm(j, rmNumber(j));
}

/** MOVLPS, MOVHPS and their like from memory; MOVLHPS. */
export function loadHalf(j: usize, entry: usize): void {
  if (O.isRegisterForm(O.recordOf(j))) {
    E.get(j, destination(j));
    L.getXmm(j, rmNumber(j));
    V.shuffle(j, FIRST_LOW, SECOND_LOW);
  } else {
    hostOfVector(j, entry, false);
    E.get(j, L.HOST);
    E.get(j, destination(j));
    V.laneMemory(j, V.V128_LOAD64_LANE, O.hostAt(j), argOf(entry));
  }
  putTarget(j);
}

export function fromGeneral(j: usize, entry: usize): void {
  const size = sizeOf(entry);
  if (O.isRegisterForm(O.recordOf(j))) {
    V.v128Const(j, 0, 0);
    L.getGpr(j, rmNumber(j) >> 3);
    if (size == 2) E.op(j, E.I32_WRAP_I64);
    V.lane(j, size == 2 ? V.I32X4_REPLACE : V.I64X2_REPLACE, 0);
  } else {
    hostOfVector(j, entry, false);
    E.get(j, L.HOST);
    V.simdMemory(j, size == 2 ? V.V128_LOAD32_ZERO : V.V128_LOAD64_ZERO, O.hostAt(j));
  }
  putTarget(j);
}

export function toGeneral(j: usize, entry: usize): void {
  const size = sizeOf(entry);
  if (O.isRegisterForm(O.recordOf(j))) {
    E.get(j, destination(j));
    takeLane(j, size, 0);
    L.setGpr(j, rmNumber(j) >> 3);
    return;
  }
  hostOfVector(j, entry, true);
  E.get(j, L.HOST);
  E.get(j, destination(j));
  V.laneMemory(j, storeLaneOpcode(size), O.hostAt(j), 0);
}

/** MOVNTI. */
export function storeGeneral(j: usize, entry: usize): void {
  hostOfOperand(j, sizeOf(entry), true);
  L.getGpr(j, (<u32>load<u8>(O.recordOf(j), Record.reg)) >> 3);
  E.set(j, L.X);
  O.storeAtHost(j, L.X, sizeOf(entry));
}

/** The sign bits of all elements. */
export function signMask(j: usize, entry: usize): void {
  L.getXmm(j, rmNumber(j));
  V.simd(j, opcodeOf(entry));
  E.op(j, E.I64_EXTEND_I32_U);
  L.setGpr(j, target(j) >> 3);
}

/** Log2 of the bytes of the element that PINSR or PEXTR moves. */
function laneSize(entry: usize): u32 {
  const size = argOf(entry) & 3;
  return size == 3 ? sizeOf(entry) : size;
}

function laneNumber(j: usize, size: u32): u32 {
  return immediate(j) & ((16 >> size) - 1);
}

function storeLaneOpcode(size: u32): u32 {
  return V.V128_STORE8_LANE + size;
}

export function insertLane(j: usize, entry: usize): void {
  const size = laneSize(entry);
  const memory = !O.isRegisterForm(O.recordOf(j));
  if (memory) hostOfOperand(j, size, false);
  E.get(j, destination(j));
  if (memory) O.pushMemory(j, size, true);
  else L.getGpr(j, rmNumber(j) >> 3);
  if (size < 3) E.op(j, E.I32_WRAP_I64);
  const opcode =
    size == 0 ? V.I8X16_REPLACE : size == 1 ? V.I16X8_REPLACE : size == 2 ? V.I32X4_REPLACE : V.I64X2_REPLACE;
  V.lane(j, opcode, laneNumber(j, size));
  putTarget(j);
}

export function extractLane(j: usize, entry: usize): void {
  const size = laneSize(entry);
  const n = laneNumber(j, size);
  // PEXTRW in its older form has the vector in modrm.rm.
  const older = (argOf(entry) & 4) != 0;
  if (!older && !O.isRegisterForm(O.recordOf(j))) {
    hostOfOperand(j, size, true);
    E.get(j, L.HOST);
    E.get(j, destination(j));
    V.laneMemory(j, storeLaneOpcode(size), O.hostAt(j), n);
    return;
  }
  L.getXmm(j, older ? rmNumber(j) : target(j));
  takeLane(j, size, n);
  L.setGpr(j, (older ? target(j) : rmNumber(j)) >> 3);
}

/** Turns the vector on the stack into its element n, zero-extended. */
function takeLane(j: usize, size: u32, n: u32): void {
  if (size == 3) V.lane(j, V.I64X2_EXTRACT, n);
  else {
    V.lane(j, size == 0 ? V.I8X16_EXTRACT_U : size == 1 ? V.I16X8_EXTRACT_U : V.I32X4_EXTRACT, n);
    E.op(j, E.I64_EXTEND_I32_U);
  }
}
