// Operands of translated vector instructions: xmm registers are locals, a memory operand is read into the local VB.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as E from "../emit";
import * as V from "../emit_simd";
import * as L from "../locals";
import { memorySize } from "../region";
import { exitHere, hostAt, hostOfLa, isRegisterForm, pushLinear, recordOf } from "./operand";
import { hostByShared } from "./shared_host";

// What generated/kinds.ts tells of a vector instruction (tools/isa/kinds.mjs).

/** Operand size of an instruction with a general register: 2 or 3. */
@inline
export function sizeOf(entry: usize): u32 {
  return load<u8>(entry, 1);
}

@inline
function mustBeAligned(entry: usize): bool {
  return (load<u8>(entry, 2) & 16) != 0;
}

@inline
export function immediate(j: usize): u32 {
  return load<u8>(recordOf(j), Record.imm);
}

/** Number of the destination register, modrm.reg. */
@inline
export function target(j: usize): u32 {
  return load<u8>(recordOf(j), Record.reg);
}

/** Number of the register that modrm.rm names. */
@inline
export function rmNumber(j: usize): u32 {
  return load<u8>(recordOf(j), Record.rm);
}

@inline
function stateAtEnd(j: usize, n: i32): usize {
  return j + Jit.vectorsAt + ((<usize>n) << 4);
}

/** What is known when a basic block begins: what its only predecessor left. */
export function startVectors(j: usize, b: usize): void {
  const pred = load<i32>(b, Jit.bOnlyPred);
  if (pred < 0 || load<u32>(b, Jit.bLoop) != 0) {
    forgetVectors(j);
    return;
  }
  const known = stateAtEnd(j, pred);
  store<u64>(j, load<u64>(known), Jit.plain);
  store<u32>(j, load<u32>(known, 8), Jit.floatReady);
  store<u32>(j, load<u32>(known, 12), Jit.vectorsReady);
}

export function endVectors(j: usize, n: i32): void {
  const known = stateAtEnd(j, n);
  store<u64>(known, load<u64>(j, Jit.plain));
  store<u32>(known, load<u32>(j, Jit.floatReady), 8);
  store<u32>(known, load<u32>(j, Jit.vectorsReady), 12);
}

/** Anybody may have run. */
export function forgetVectors(j: usize): void {
  store<u32>(j, 0, Jit.vectorsReady);
  forgetFloats(j);
}

/** A handler may have changed MXCSR, or made anything of the registers. */
export function forgetFloats(j: usize): void {
  store<u32>(j, 0, Jit.floatReady);
  store<u64>(j, 0, Jit.plain);
}

/** Unless it is known: if vector instructions trap, the interpreter shall find out how (SDM vol. 3, 13.1). */
export function requireVectors(j: usize): void {
  if (load<u32>(j, Jit.vectorsReady) != 0) return;
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.sseTrap);
  E.ifHinted(j, E.VOID, false);
  exitHere(j);
  E.end(j);
  store<u32>(j, 1, Jit.vectorsReady);
}

/** Makes HOST the memory operand's host address, with its alignment checked where the instruction demands it. */
export function hostOfVector(j: usize, entry: usize, write: bool): void {
  if (mustBeAligned(entry)) {
    pushLinear(j, 1 << memorySize(entry));
    E.tee(j, L.LA);
    E.op(j, E.I32_WRAP_I64);
    E.i32Const(j, 15);
    E.op(j, E.I32_AND);
    E.ifHinted(j, E.VOID, false);
    exitHere(j);
    E.end(j);
  }
  if (hostByShared(j, 1 << memorySize(entry), write)) return;
  if (!mustBeAligned(entry)) {
    pushLinear(j, 1 << memorySize(entry));
    E.set(j, L.LA);
  }
  hostOfLa(j, memorySize(entry), write);
}

/** Pushes the memory operand; what a narrow one does not fill is zero, or for two bytes, of no meaning. */
function pushVectorMemory(j: usize, size: u32): void {
  const at = hostAt(j);
  E.get(j, L.HOST);
  if (size == 4) V.simdMemory(j, V.V128_LOAD, at);
  else if (size == 3) V.simdMemory(j, V.V128_LOAD64_ZERO, at);
  else if (size == 2) V.simdMemory(j, V.V128_LOAD32_ZERO, at);
  else {
    E.memory(j, E.I64_LOAD16_U, at);
    V.simd(j, V.I64X2_SPLAT);
  }
}

/** Makes the source operand ready; returns the local that holds it. */
export function source(j: usize, entry: usize): u32 {
  if (isRegisterForm(recordOf(j))) {
    L.usesXmm(j, rmNumber(j));
    return L.XMM + rmNumber(j);
  }
  hostOfVector(j, entry, false);
  pushVectorMemory(j, memorySize(entry));
  E.set(j, L.VB);
  return L.VB;
}

/** The local of the destination register, to be read. */
export function destination(j: usize): u32 {
  L.usesXmm(j, target(j));
  return L.XMM + target(j);
}

/** Pops the destination register's new value. */
export function putTarget(j: usize): void {
  L.setXmm(j, target(j));
}
