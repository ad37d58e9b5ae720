// Flags in translated code: locals hold what they come from, which mostly is what registers hold as well. Inside a basic block
// the kind is known while translating, so a condition is one compare; the way to memory is flag_store.ts.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import { CF, OF, PF, SF, ZF } from "../../cpu/flags";
import * as E from "../emit";
import * as L from "../locals";
import {
  isHalf,
  knownKind,
  pushFlagShift,
  pushFloatOrder,
  pushFromMemory,
  pushIsCount,
  pushResult,
  pushSecond,
  pushUnknownResult,
  settleCarry,
  storeFlags,
} from "../flag_store";
import { bitsOf } from "./operand";

/**
 * The flags now are those of an operation of this kind, whose values are in the locals: FLAG_A and FLAG_B of SUB, FLAG_A and
 * FLAG_RESULT of ADD, just FLAG_RESULT of LOGIC. What follows from these is worked out where it is asked for, or on the way
 * out of the region: the engine would do it here, since it moves nothing to where it is used.
 */
export function setKind(j: usize, kind: u32): void {
  L.changesFlags(j);
  E.i32Const(j, kind);
  E.set(j, L.FLAG_KIND);
  store<u32>(j, kind, Jit.flagKind);
}

/** The same for an operation of a size. */
export function setKindOf(j: usize, kind: u32, size: u32): void {
  setKind(j, kind | ((3 - size) << Cpu.FLAGS_NARROW_SHIFT) | Cpu.FLAGS_RAW);
}

/** From the opcode of a comparison of i64 to that of the same of i32. */
const TO_I32: u32 = E.I64_EQ - E.I32_EQ;

/** Compares two values of the flags' locals, of the known kind's width, on the stack. */
function compare(j: usize, opcode: u32): void {
  E.op(j, isHalf(j) ? opcode - TO_I32 : opcode);
}

/** Cuts the value on the stack, i64, to the known kind's width. */
function cut(j: usize): void {
  if (isHalf(j)) E.op(j, E.I32_WRAP_I64);
}

/** Compares what is on the stack, of the known kind's width, with a constant. */
function compareWith(j: usize, opcode: u32, value: i32): void {
  if (isHalf(j)) E.i32Const(j, value);
  else E.i64Const(j, value);
  compare(j, opcode);
}

function compareLocals(j: usize, a: u32, b: u32, opcode: u32): void {
  E.get(j, a);
  cut(j);
  E.get(j, b);
  cut(j);
  compare(j, opcode);
}

function compareOperands(j: usize, opcode: u32): void {
  compareLocals(j, L.FLAG_A, L.FLAG_B, opcode);
}

function compareResult(j: usize, opcode: u32): void {
  pushResult(j);
  cut(j);
  compareWith(j, opcode, 0);
}

/** Flags of a kind that only locals have are about to be set. */
export function usesFlags(j: usize, what: u32): void {
  store<u32>(j, load<u32>(j, Jit.flagsUsed) | what, Jit.flagsUsed);
}

/** Pushes ZF (i32). */
function pushZero(j: usize): void {
  const kind = knownKind(j);
  if (kind == Jit.FLAGS_UNKNOWN) pushUnknownZero(j);
  else if (kind == Jit.FLAGS_TESTED || kind == Jit.FLAGS_ROTATED) pushFromMemory(j, 4);
  else if (kind == Jit.FLAGS_ORDER) pushFloatOrder(j, 4);
  else if (kind == Cpu.FLAGS_SUB) compareOperands(j, E.I64_EQ);
  else compareResult(j, E.I64_EQ);
}

/** Makes CF what is on the stack (i32, 0 or 1); ZF stays, the others are undefined (cpu/flags.ts flagsCarry). */
export function setCarry(j: usize): void {
  const kind = knownKind(j);
  const inMemory = kind == Jit.FLAGS_TESTED || kind == Jit.FLAGS_ROTATED;
  if (inMemory || kind == Jit.FLAGS_UNKNOWN) {
    // The flags before, and with them ZF, go to memory: mostly nobody will ask for it.
    if (!inMemory) storeFlags(j);
    E.set(j, L.FLAG_BITS);
    usesFlags(j, Jit.USES_TESTED);
    setKind(j, Jit.FLAGS_TESTED);
    return;
  }
  E.set(j, L.ENTRY);
  pushZero(j);
  E.op(j, E.I32_EQZ);
  E.op(j, E.I64_EXTEND_I32_U);
  E.set(j, L.FLAG_RESULT);
  E.get(j, L.ENTRY);
  E.set(j, L.FLAG_BITS);
  setKind(j, Cpu.FLAGS_BITS);
}

/** FLAG_BITS = CF, to stay while INC or DEC change the other flags; where only memory has it, CARRY_BEFORE. */
export function keepCarry(j: usize): void {
  const kind = knownKind(j);
  if (kind == Cpu.FLAGS_INC || kind == Cpu.FLAGS_DEC) return;
  if (kind != Jit.FLAGS_UNKNOWN) pushCarry(j);
  else {
    usesFlags(j, Jit.USES_CARRY_BEFORE);
    // Unless it is INC or DEC again, as in a loop.
    pushIsCount(j);
    E.op(j, E.I32_EQZ);
    E.ifThen(j, E.VOID);
    storeFlags(j);
    E.i32Const(j, <i32>Jit.CARRY_BEFORE);
    E.set(j, L.FLAG_BITS);
    E.end(j);
    return;
  }
  E.set(j, L.FLAG_BITS);
}

/** Pushes CF as 0 or 1 (i32). */
export function pushCarry(j: usize): void {
  const kind = knownKind(j);
  if (kind == Cpu.FLAGS_SUB) compareOperands(j, E.I64_LT_U);
  else if (kind == Cpu.FLAGS_ADD) compareLocals(j, L.FLAG_RESULT, L.FLAG_A, E.I64_LT_U);
  else if (kind == Cpu.FLAGS_LOGIC) E.i32Const(j, 0);
  else if (kind == Jit.FLAGS_ORDER) pushFloatOrder(j, 2);
  else if (kind == Cpu.FLAGS_MUL || kind == Jit.FLAGS_UNKNOWN) pushSlowCondition(j, 2);
  else {
    if (kind == Cpu.FLAGS_INC || kind == Cpu.FLAGS_DEC) settleCarry(j);
    E.get(j, L.FLAG_BITS);
    E.i32Const(j, 1);
    E.op(j, E.I32_AND);
  }
}

/** ZF by the kind in the local. */
function pushUnknownZero(j: usize): void {
  E.get(j, L.FLAG_KIND);
  E.i32Const(j, 7);
  E.op(j, E.I32_AND);
  E.i32Const(j, Cpu.FLAGS_MUL);
  E.op(j, E.I32_EQ);
  E.ifHinted(j, E.I32, false);
  // A product's, of a kind that only locals have, or in memory.
  pushSlowCondition(j, 4);
  E.elseThen(j);
  pushFlagShift(j);
  E.set(j, L.W);
  pushUnknownResult(j);
  E.get(j, L.W);
  E.op(j, E.I64_SHL);
  E.op(j, E.I64_EQZ);
  E.end(j);
}

/** Pushes a condition by its code (0..15) as i32, the way cpu/flags.ts finds it. */
function pushSlowCondition(j: usize, code: u32): void {
  storeFlags(j);
  pushFromMemory(j, code);
}

/** Brings flags that are those of logic into the form FLAGS_BITS; false for other kinds, of which that form is not at hand. */
function toBits(j: usize): bool {
  const kind = knownKind(j);
  if (kind == Cpu.FLAGS_BITS) return true;
  if (kind != Cpu.FLAGS_LOGIC) return false;
  E.i32Const(j, 0);
  E.set(j, L.FLAG_BITS);
  setKind(j, Cpu.FLAGS_BITS | (load<u32>(j, Jit.flagKind) & ~Cpu.FLAGS_KIND));
  return true;
}

/** CF and OF become those in the local ENTRY, the others stay, if need be in memory: mostly nobody will ask for them. */
export function replaceCarryAndOverflow(j: usize): void {
  if (toBits(j)) {
    E.get(j, L.FLAG_BITS);
    E.i32Const(j, ~(CF | OF));
    E.op(j, E.I32_AND);
    E.get(j, L.ENTRY);
    E.op(j, E.I32_OR);
    E.set(j, L.FLAG_BITS);
    return;
  }
  if (knownKind(j) != Jit.FLAGS_ROTATED) storeFlags(j);
  setRotated(j);
}

/** The same where the flags before are in memory. */
export function setRotated(j: usize): void {
  E.get(j, L.ENTRY);
  E.set(j, L.FLAG_BITS);
  usesFlags(j, Jit.USES_ROTATED);
  setKind(j, Jit.FLAGS_ROTATED);
}

/** All flags are those in FLAG_BITS. */
export function setExplicit(j: usize): void {
  E.get(j, L.FLAG_BITS);
  E.i32Const(j, ZF);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_EQZ);
  E.op(j, E.I64_EXTEND_I32_U);
  E.set(j, L.FLAG_RESULT);
  setKind(j, Cpu.FLAGS_EXPLICIT);
}

/** Pushes OF after an addition or subtraction. */
function pushOverflow(j: usize, kind: u32): void {
  // ADD: (a ^ r) & (b ^ r); SUB: (a ^ b) & (a ^ r).
  E.get(j, L.FLAG_A);
  if (kind == Cpu.FLAGS_ADD) pushResult(j);
  else E.get(j, L.FLAG_B);
  E.op(j, E.I64_XOR);
  if (kind == Cpu.FLAGS_ADD) pushSecond(j);
  else E.get(j, L.FLAG_A);
  pushResult(j);
  E.op(j, E.I64_XOR);
  E.op(j, E.I64_AND);
  cut(j);
  compareWith(j, E.I64_LT_S, 0);
}

/** Pushes condition code 0..15 as i32. */
export function pushCondition(j: usize, code: u32): void {
  const kind = knownKind(j);
  const even = code & 14;
  if (kind == Jit.FLAGS_UNKNOWN && even != 4) {
    pushSlowCondition(j, code);
    return;
  }
  if (even == 4 && kind != Cpu.FLAGS_EXPLICIT) pushZero(j);
  else if (kind == Jit.FLAGS_TESTED || kind == Jit.FLAGS_ROTATED) {
    if (even == 2) pushCarry(j);
    else {
      pushSlowCondition(j, code);
      return;
    }
  } else if (kind == Cpu.FLAGS_EXPLICIT) pushExplicit(j, even);
  else if (kind == Jit.FLAGS_ORDER) pushFloatOrder(j, even);
  else if (!pushQuick(j, kind, even)) {
    pushSlowCondition(j, code);
    return;
  }
  if (code & 1) E.op(j, E.I32_EQZ);
}

/** Bits of EFLAGS that make the conditions O, B, E, BE, S and P true when one of them is set, by code / 2. */
function explicitBits(half: u32): i32 {
  switch (half) {
    case 0:
      return OF;
    case 1:
      return CF;
    case 2:
      return ZF;
    case 3:
      return CF | ZF;
    case 4:
      return SF;
    default:
      return PF;
  }
}

/** The conditions when all flags are in FLAG_BITS. */
function pushExplicit(j: usize, even: u32): void {
  E.get(j, L.FLAG_BITS);
  if (even < 12) {
    E.i32Const(j, explicitBits(even >> 1));
    E.op(j, E.I32_AND);
    E.i32Const(j, 0);
    E.op(j, E.I32_NE);
    return;
  }
  // L: SF != OF; the two are four bits apart.
  E.i32Const(j, 4);
  E.op(j, E.I32_SHR_U);
  E.get(j, L.FLAG_BITS);
  E.op(j, E.I32_XOR);
  E.i32Const(j, SF);
  E.op(j, E.I32_AND);
  if (even == 14) {
    E.get(j, L.FLAG_BITS);
    E.i32Const(j, ZF);
    E.op(j, E.I32_AND);
    E.op(j, E.I32_OR);
  }
  E.i32Const(j, 0);
  E.op(j, E.I32_NE);
}

/** The conditions O, B, E, BE, S, L, LE where one or a few compares do; false if not. */
function pushQuick(j: usize, kind: u32, even: u32): bool {
  const sub = kind == Cpu.FLAGS_SUB;
  const logic = kind == Cpu.FLAGS_LOGIC;
  switch (even) {
    case 0:
      if (logic) E.i32Const(j, 0);
      else if (sub || kind == Cpu.FLAGS_ADD) pushOverflow(j, kind);
      else if (kind == Cpu.FLAGS_BITS) pushOverflowBit(j);
      else return false;
      return true;
    case 2:
      if (kind == Cpu.FLAGS_MUL) return false;
      pushCarry(j);
      return true;
    case 4:
      pushZero(j);
      return true;
    case 6:
      if (sub) compareOperands(j, E.I64_LE_U);
      else if (logic) compareResult(j, E.I64_EQ);
      else if (kind == Cpu.FLAGS_MUL) return false;
      else {
        pushCarry(j);
        compareResult(j, E.I64_EQ);
        E.op(j, E.I32_OR);
      }
      return true;
    case 8:
      compareResult(j, E.I64_LT_S);
      return true;
    case 10:
      pushParity(j);
      return true;
    case 12:
      if (sub) compareOperands(j, E.I64_LT_S);
      else if (logic) compareResult(j, E.I64_LT_S);
      else if (kind == Cpu.FLAGS_BITS) pushLessByBits(j);
      else return pushCounted(j, kind, 0);
      return true;
    default:
      if (sub) compareOperands(j, E.I64_LE_S);
      else if (logic) compareResult(j, E.I64_LE_S);
      else if (kind == Cpu.FLAGS_BITS) {
        pushLessByBits(j);
        compareResult(j, E.I64_EQ);
        E.op(j, E.I32_OR);
      } else return pushCounted(j, kind, 1);
      return true;
  }
}

function pushOverflowBit(j: usize): void {
  E.get(j, L.FLAG_BITS);
  E.i32Const(j, 11);
  E.op(j, E.I32_SHR_U);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
}

/** L of the kind FLAGS_BITS, as CMP and SBB of a number in two registers leave it: SF != OF. */
function pushLessByBits(j: usize): void {
  compareResult(j, E.I64_LT_S);
  pushOverflowBit(j);
  E.op(j, E.I32_XOR);
}

/** L, or with `equal` LE, after INC and DEC: SF ^ OF is the sign of the result had it one bit more. False for other kinds. */
function pushCounted(j: usize, kind: u32, equal: i32): bool {
  if (kind != Cpu.FLAGS_INC && kind != Cpu.FLAGS_DEC) return false;
  E.get(j, L.FLAG_A);
  cut(j);
  compareWith(j, E.I64_LT_S, (kind == Cpu.FLAGS_INC ? -1 : 1) + equal);
  return true;
}

function pushParity(j: usize): void {
  pushResult(j);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 0xff);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_POPCNT);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_EQZ);
}

/** Turns the carry vector in the local W into CF, OF and AF in FLAG_BITS. */
export function bitsFromCarries(j: usize, size: u32): void {
  const top = bitsOf(size) - 1;
  // CF, and CF ^ carry into the top bit = OF, of c = W >> (top - 1).
  E.get(j, L.W);
  E.i64Const(j, top - 1);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 3);
  E.op(j, E.I32_AND);
  E.set(j, L.FLAG_BITS);
  E.get(j, L.FLAG_BITS);
  E.i32Const(j, 1);
  E.op(j, E.I32_SHR_U);
  E.get(j, L.FLAG_BITS);
  E.get(j, L.FLAG_BITS);
  E.i32Const(j, 1);
  E.op(j, E.I32_SHR_U);
  E.op(j, E.I32_XOR);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
  E.i32Const(j, 11);
  E.op(j, E.I32_SHL);
  E.op(j, E.I32_OR);
  E.get(j, L.W);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 8);
  E.op(j, E.I32_AND);
  E.i32Const(j, 1);
  E.op(j, E.I32_SHL);
  E.op(j, E.I32_OR);
  E.set(j, L.FLAG_BITS);
}
