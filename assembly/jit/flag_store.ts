// Flags on their way from the locals, which hold no more than tells them (translate/flags.ts), to the CPU's memory, in the
// form of cpu/flags.ts.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import { CF, OF, PF, ZF } from "../cpu/flags";
import * as E from "./emit";
import * as L from "./locals";

/** Code for FN_CONDITION: all six arithmetic flags, as EFLAGS bits. */
export const ALL_FLAGS: u32 = 16;

/** The kind that is known at this point, or FLAGS_UNKNOWN. */
@inline
export function knownKind(j: usize): u32 {
  return load<u32>(j, Jit.flagKind) & Cpu.FLAGS_KIND;
}

/** 3 - log2 of the bytes of the values. */
@inline
function narrowness(j: usize): u32 {
  return (load<u32>(j, Jit.flagKind) >> Cpu.FLAGS_NARROW_SHIFT) & 3;
}

/** Whether the locals hold values of 32 bits. */
@inline
export function isHalf(j: usize): bool {
  return narrowness(j) == 1;
}

/** Pushes a - b, in the form that the locals have. */
function pushDifference(j: usize, a: u32, b: u32): void {
  E.get(j, a);
  E.get(j, b);
  E.op(j, E.I64_SUB);
  if (narrowness(j) == 3) E.op(j, E.I64_EXTEND8_S);
  else if (narrowness(j) == 2) E.op(j, E.I64_EXTEND16_S);
}

/** Pushes the result that flags of the known kind come from. */
export function pushResult(j: usize): void {
  if (knownKind(j) == Cpu.FLAGS_SUB) pushDifference(j, L.FLAG_A, L.FLAG_B);
  else E.get(j, L.FLAG_RESULT);
}

/** Pushes the second operand that flags of the known kind come from. */
export function pushSecond(j: usize): void {
  if (knownKind(j) == Cpu.FLAGS_ADD) pushDifference(j, L.FLAG_RESULT, L.FLAG_A);
  else E.get(j, L.FLAG_B);
}

/** Pushes the result whatever the kind. */
export function pushUnknownResult(j: usize): void {
  E.get(j, L.FLAG_A);
  E.get(j, L.FLAG_B);
  E.op(j, E.I64_SUB);
  E.get(j, L.FLAG_RESULT);
  E.get(j, L.FLAG_KIND);
  E.i32Const(j, Cpu.FLAGS_KIND);
  E.op(j, E.I32_AND);
  E.i32Const(j, Cpu.FLAGS_SUB);
  E.op(j, E.I32_EQ);
  E.select(j);
}

/** Pushes by how many bits values must be shifted to the left for their sign to be on top, whatever the kind. */
export function pushFlagShift(j: usize): void {
  E.i64Const(j, 64);
  E.i64Const(j, 64);
  E.get(j, L.FLAG_KIND);
  E.i32Const(j, Cpu.FLAGS_NARROW_SHIFT);
  E.op(j, E.I32_SHR_U);
  E.i32Const(j, 3);
  E.op(j, E.I32_AND);
  E.op(j, E.I64_EXTEND_I32_U);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I64_SUB);
}

/**
 * Brings the flags in the CPU's memory up to date, as they are in the locals: who reads them there settles the rest first
 * (cpu/flags.ts settleFlags).
 */
export function storeFlags(j: usize): void {
  const kind = knownKind(j);
  if (kind == Jit.FLAGS_UNKNOWN) storeUnknown(j);
  else if (kind == Jit.FLAGS_ORDER) storeOrder(j);
  else if (kind == Jit.FLAGS_TESTED) storeTested(j);
  else if (kind == Jit.FLAGS_ROTATED) storeRotated(j);
  else storeKnown(j, kind);
}

@inline
function usesFlags(j: usize, what: u32): bool {
  return (load<u32>(j, Jit.flagsUsed) & what) != 0;
}

/** Pushes a condition (0..15) of the flags in memory, or with ALL_FLAGS those flags as EFLAGS bits (i32). */
export function pushFromMemory(j: usize, code: u32): void {
  L.pushCpu(j);
  E.i32Const(j, code);
  E.call(j, L.FN_CONDITION);
}

/** INC and DEC leave CF as it was: FLAG_BITS becomes it, if it is still only in memory. */
export function settleCarry(j: usize): void {
  if (!usesFlags(j, Jit.USES_CARRY_BEFORE)) return;
  E.get(j, L.FLAG_BITS);
  E.i32Const(j, 0);
  E.op(j, E.I32_LT_S);
  E.ifHinted(j, E.VOID, false);
  pushFromMemory(j, 2);
  E.set(j, L.FLAG_BITS);
  E.end(j);
}

/** Pushes whether the flags, of unknown kind, are those of INC or DEC (i32). */
export function pushIsCount(j: usize): void {
  E.get(j, L.FLAG_KIND);
  E.i32Const(j, Cpu.FLAGS_KIND);
  E.op(j, E.I32_AND);
  E.i32Const(j, Cpu.FLAGS_INC);
  E.op(j, E.I32_SUB);
  E.i32Const(j, 2);
  E.op(j, E.I32_LT_U);
}

/** The same where the kind is unknown: others leave in FLAG_BITS what an earlier INC has put there. */
function settleUnknownCarry(j: usize): void {
  if (!usesFlags(j, Jit.USES_CARRY_BEFORE)) return;
  pushIsCount(j);
  E.ifThen(j, E.VOID);
  settleCarry(j);
  E.end(j);
}

function storeKind(j: usize, kind: u32): void {
  L.pushCpu(j);
  E.i32Const(j, kind);
  E.memory(j, E.I32_STORE, Cpu.flagKind);
}

/** The result that tells of ZF, on the stack (i32). */
function storeZero(j: usize): void {
  E.op(j, E.I32_EQZ);
  E.op(j, E.I64_EXTEND_I32_U);
  E.memory(j, E.I64_STORE, Cpu.flagResult);
}

function storeTested(j: usize): void {
  L.pushCpu(j);
  pushFromMemory(j, 4);
  storeZero(j);
  L.storeLocal(j, L.FLAG_BITS, E.I32_STORE, Cpu.flagBits);
  storeKind(j, Cpu.FLAGS_BITS);
}

function storeRotated(j: usize): void {
  L.pushCpu(j);
  pushFromMemory(j, ALL_FLAGS);
  E.i32Const(j, ~(CF | OF));
  E.op(j, E.I32_AND);
  E.get(j, L.FLAG_BITS);
  E.op(j, E.I32_OR);
  E.memory(j, E.I32_STORE, Cpu.flagBits);
  L.pushCpu(j);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Cpu.flagBits);
  E.i32Const(j, ZF);
  E.op(j, E.I32_AND);
  storeZero(j);
  storeKind(j, Cpu.FLAGS_EXPLICIT);
}

function storeKnown(j: usize, kind: u32): void {
  if (kind == Cpu.FLAGS_INC || kind == Cpu.FLAGS_DEC) settleCarry(j);
  L.storeLocal(j, L.FLAG_KIND, E.I32_STORE, Cpu.flagKind);
  const sub = kind == Cpu.FLAGS_SUB;
  if (!sub) L.storeLocal(j, L.FLAG_RESULT, E.I64_STORE, Cpu.flagResult);
  if (kind == Cpu.FLAGS_LOGIC) return;
  if (sub || kind == Cpu.FLAGS_MUL) L.storeLocal(j, L.FLAG_B, E.I64_STORE, Cpu.flagB);
  else if (kind != Cpu.FLAGS_ADD) L.storeLocal(j, L.FLAG_BITS, E.I32_STORE, Cpu.flagBits);
  if (kind != Cpu.FLAGS_BITS && kind != Cpu.FLAGS_EXPLICIT) L.storeLocal(j, L.FLAG_A, E.I64_STORE, Cpu.flagA);
}

/** Begins the way of flags of a kind that only locals have, if the region uses it; what is written next is that of the others. */
function ifKind(j: usize, kind: i32, uses: u32): bool {
  if (!usesFlags(j, uses)) return false;
  E.get(j, L.FLAG_KIND);
  E.i32Const(j, kind);
  E.op(j, E.I32_EQ);
  E.ifThen(j, E.VOID);
  if (kind == Jit.FLAGS_TESTED) storeTested(j);
  else if (kind == Jit.FLAGS_ROTATED) storeRotated(j);
  else storeOrder(j);
  E.elseThen(j);
  return true;
}

/** As the local says, unless that is FLAGS_IN_MEMORY. */
function storeUnknown(j: usize): void {
  E.get(j, L.FLAG_KIND);
  E.i32Const(j, 0);
  E.op(j, E.I32_GE_S);
  E.ifThen(j, E.VOID);
  const tested = ifKind(j, Jit.FLAGS_TESTED, Jit.USES_TESTED);
  const rotated = ifKind(j, Jit.FLAGS_ROTATED, Jit.USES_ROTATED);
  const order = ifKind(j, Jit.FLAGS_ORDER, Jit.USES_ORDER);
  settleUnknownCarry(j);
  L.storeLocal(j, L.FLAG_KIND, E.I32_STORE, Cpu.flagKind);
  L.storeLocal(j, L.FLAG_RESULT, E.I64_STORE, Cpu.flagResult);
  L.storeLocal(j, L.FLAG_A, E.I64_STORE, Cpu.flagA);
  L.storeLocal(j, L.FLAG_B, E.I64_STORE, Cpu.flagB);
  L.storeLocal(j, L.FLAG_BITS, E.I32_STORE, Cpu.flagBits);
  if (order) E.end(j);
  if (rotated) E.end(j);
  if (tested) E.end(j);
  E.end(j);
}

function compareOrder(j: usize, opcode: u32): void {
  E.get(j, L.ORDER_A);
  E.get(j, L.ORDER_B);
  E.op(j, opcode);
}

/** Pushes whether neither of two comparisons holds. */
function pushNeither(j: usize, opcode: u32, other: u32): void {
  compareOrder(j, opcode);
  compareOrder(j, other);
  E.op(j, E.I32_OR);
  E.op(j, E.I32_EQZ);
}

/** The conditions after COMIS or UCOMIS, whose flags say CF = less, ZF = equal, and both with PF = not ordered. */
export function pushFloatOrder(j: usize, even: u32): void {
  switch (even) {
    case 2:
      compareOrder(j, E.F64_GE);
      E.op(j, E.I32_EQZ);
      return;
    case 4:
    case 14:
      pushNeither(j, E.F64_LT, E.F64_GT);
      return;
    case 6:
      compareOrder(j, E.F64_GT);
      E.op(j, E.I32_EQZ);
      return;
    case 10:
      pushNeither(j, E.F64_LT, E.F64_GE);
      return;
  }
  // OF and SF are clear.
  E.i32Const(j, 0);
}

/** Flags of ORDER_A and ORDER_B. */
function storeOrder(j: usize): void {
  storeKind(j, Cpu.FLAGS_EXPLICIT);
  L.pushCpu(j);
  pushOrderFlag(j, 2, CF);
  pushOrderFlag(j, 10, PF);
  E.op(j, E.I32_OR);
  pushOrderFlag(j, 4, ZF);
  E.op(j, E.I32_OR);
  E.memory(j, E.I32_STORE, Cpu.flagBits);
  L.pushCpu(j);
  pushFloatOrder(j, 4);
  storeZero(j);
}

/** Pushes a flag if the condition with this even code holds, else 0. */
function pushOrderFlag(j: usize, even: u32, flag: u32): void {
  pushFloatOrder(j, even);
  if (flag == CF) return;
  E.i32Const(j, <i32>ctz(flag));
  E.op(j, E.I32_SHL);
}
