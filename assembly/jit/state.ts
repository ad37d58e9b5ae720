// Moving the guest's state between the CPU's memory and the locals of a region.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as E from "./emit";
import { simdMemory, V128_LOAD, V128_STORE } from "./emit_simd";
import * as L from "./locals";

/** Loads one register. */
export function loadGpr(j: usize, n: u32): void {
  E.get(j, L.CPU);
  E.memory(j, E.I64_LOAD, Cpu.gpr + n * 8);
  E.set(j, L.GPR + n);
}

export function storeGpr(j: usize, n: u32): void {
  E.get(j, L.CPU);
  E.get(j, L.GPR + n);
  E.memory(j, E.I64_STORE, Cpu.gpr + n * 8);
}

function loadLocal(j: usize, local: u32, opcode: u32, offset: u32): void {
  E.get(j, L.CPU);
  E.memory(j, opcode, offset);
  E.set(j, local);
}

function storeLocal(j: usize, local: u32, opcode: u32, offset: u32): void {
  E.get(j, L.CPU);
  E.get(j, local);
  E.memory(j, opcode, offset);
}

export function loadFlags(j: usize): void {
  loadLocal(j, L.FLAG_KIND, E.I32_LOAD, Cpu.flagKind);
  loadLocal(j, L.FLAG_BITS, E.I32_LOAD, Cpu.flagBits);
  loadLocal(j, L.FLAG_RESULT, E.I64_LOAD, Cpu.flagResult);
  loadLocal(j, L.FLAG_A, E.I64_LOAD, Cpu.flagA);
  loadLocal(j, L.FLAG_B, E.I64_LOAD, Cpu.flagB);
}

export function storeFlags(j: usize): void {
  storeLocal(j, L.FLAG_KIND, E.I32_STORE, Cpu.flagKind);
  storeLocal(j, L.FLAG_BITS, E.I32_STORE, Cpu.flagBits);
  storeLocal(j, L.FLAG_RESULT, E.I64_STORE, Cpu.flagResult);
  storeLocal(j, L.FLAG_A, E.I64_STORE, Cpu.flagA);
  storeLocal(j, L.FLAG_B, E.I64_STORE, Cpu.flagB);
}

function loadXmm(j: usize, n: u32): void {
  E.get(j, L.CPU);
  simdMemory(j, V128_LOAD, Cpu.xmm + n * Cpu.XMM_SIZE);
  E.set(j, L.XMM + n);
}

function storeXmm(j: usize, n: u32): void {
  E.get(j, L.CPU);
  E.get(j, L.XMM + n);
  simdMemory(j, V128_STORE, Cpu.xmm + n * Cpu.XMM_SIZE);
}

/** Loads the general registers and flags that the region uses. */
export function loadGeneral(j: usize): void {
  for (let n: u32 = 0; n < 16; n++) if (L.isUsed(j, n)) loadGpr(j, n);
  if (L.isUsed(j, 16)) loadFlags(j);
}

/** Loads those of the xmm registers in a set that the region uses. */
export function loadVectors(j: usize, registers: u32): void {
  for (let n: u32 = 0; n < 16; n++) if (((registers >> n) & 1) != 0 && L.isXmmUsed(j, n)) loadXmm(j, n);
}

/** Stores those of the xmm registers in a set that the region may have changed. */
export function storeVectors(j: usize, registers: u32): void {
  for (let n: u32 = 0; n < 16; n++) if (((registers >> n) & 1) != 0 && L.isXmmDirty(j, n)) storeXmm(j, n);
}

/** Loads what the region uses. */
export function loadUsed(j: usize): void {
  loadGeneral(j);
  loadVectors(j, 0xffff);
}

/** Stores the general registers and flags that the region may have changed. */
export function storeGeneral(j: usize): void {
  for (let n: u32 = 0; n < 16; n++) if (L.isDirty(j, n)) storeGpr(j, n);
  if (L.isDirty(j, 16)) storeFlags(j);
}

/** Stores what the region may have changed. */
export function storeDirty(j: usize): void {
  storeGeneral(j);
  storeVectors(j, 0xffff);
}

export function storeFuel(j: usize): void {
  storeLocal(j, L.FUEL, E.I32_STORE, Cpu.fuel);
}

/** The region's beginning: TLB, fuel, page, registers. */
export function prologue(j: usize): void {
  loadLocal(j, L.TLB, E.I32_LOAD, Cpu.tlb);
  loadLocal(j, L.FUEL, E.I32_LOAD, Cpu.fuel);
  E.get(j, L.CPU);
  E.get(j, L.CPU);
  E.memory(j, E.I64_LOAD, Cpu.rip);
  E.i64Const(j, -4096);
  E.op(j, E.I64_AND);
  E.tee(j, L.PAGE);
  E.memory(j, E.I64_STORE, Cpu.codePage);
  loadUsed(j);
}

/** Pushes page + offset. */
export function pushAddress(j: usize, offset: i32): void {
  E.get(j, L.PAGE);
  if (offset != 0) {
    E.i64Const(j, offset);
    E.op(j, E.I64_ADD);
  }
}

/** Leaves the region for the instruction at page + offset. */
export function exitTo(j: usize, offset: i32, how: i32): void {
  pushAddress(j, offset);
  E.set(j, L.RIP);
  exitAtRip(j, how);
}

/** Leaves the region for the address in the local RIP. */
export function exitAtRip(j: usize, how: i32): void {
  E.i32Const(j, how);
  E.set(j, L.EXIT);
  E.br(j, load<u32>(j, Jit.exitDepth));
}

/**
 * The common way out: state back to memory; then, if the region was left by a branch and nobody asks for attention, on
 * to the translation of the target, when the jump cache has it.
 */
export function epilogue(j: usize): void {
  storeDirty(j);
  storeFuel(j);
  storeLocal(j, L.RIP, E.I64_STORE, Cpu.rip);
  E.get(j, L.EXIT);
  E.ifThen(j, E.VOID);
  E.get(j, L.EXIT);
  E.returnOp(j);
  E.end(j);
  E.get(j, L.FUEL);
  E.i32Const(j, 0);
  E.op(j, E.I32_LT_S);
  E.get(j, L.CPU);
  E.memory(j, E.I32_LOAD, Cpu.exitRequest);
  E.op(j, E.I32_OR);
  E.ifThen(j, E.VOID);
  E.i32Const(j, L.EXIT_LOOKUP);
  E.returnOp(j);
  E.end(j);
  probe(j);
  E.i32Const(j, L.EXIT_LOOKUP);
}

/** Goes on in the translation of RIP if the jump cache names it. */
function probe(j: usize): void {
  // entry = cpu + jit + jumpCache + ((rip << 4 ^ rip >> 6) & mask)
  E.get(j, L.CPU);
  E.get(j, L.RIP);
  E.i64Const(j, 4);
  E.op(j, E.I64_SHL);
  E.get(j, L.RIP);
  E.i64Const(j, 6);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I64_XOR);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, Jit.JUMP_CACHE_SIZE - 16);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_ADD);
  E.tee(j, L.ENTRY);
  const base = <u32>(Cpu.jit + Jit.jumpCache);
  E.memory(j, E.I64_LOAD, base + Jit.jcRip);
  E.get(j, L.RIP);
  E.op(j, E.I64_EQ);
  E.get(j, L.ENTRY);
  E.memory(j, E.I32_LOAD, base + Jit.jcKey);
  E.get(j, L.CPU);
  E.memory(j, E.I32_LOAD, Cpu.jitKey);
  E.op(j, E.I32_EQ);
  E.op(j, E.I32_AND);
  E.ifHinted(j, E.VOID, true);
  E.get(j, L.CPU);
  E.get(j, L.ENTRY);
  E.memory(j, E.I32_LOAD, base + Jit.jcSlot);
  E.returnCallIndirect(j, L.TYPE_REGION);
  E.end(j);
}
