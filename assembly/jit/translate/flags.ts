// Flags in translated code: the operation's result and operands stay in locals, in the form of cpu/flags.ts; whatever
// nobody reads, the engine drops. Inside a basic block the kind is known while translating, so a condition is one compare.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import { AF, ARITHMETIC, CF, OF, PF, SF, ZF } from "../../cpu/flags";
import * as E from "../emit";
import * as L from "../locals";
import { storeFlags } from "../state";
import { bitsOf } from "./operand";

/** The flags now are those of an operation of this kind, whose values are in the locals. */
export function setKind(j: usize, kind: u32): void {
  L.changesFlags(j);
  E.i32Const(j, kind);
  E.set(j, L.FLAG_KIND);
  store<u32>(j, kind, Jit.flagKind);
}

/** Flags of X op Y = FLAG_RESULT. */
export function setOperands(j: usize, kind: u32): void {
  E.get(j, L.X);
  E.set(j, L.FLAG_A);
  E.get(j, L.Y);
  E.set(j, L.FLAG_B);
  setKind(j, kind);
}

@inline
export function knownKind(j: usize): u32 {
  return load<u32>(j, Jit.flagKind);
}

function compareOperands(j: usize, opcode: u32): void {
  E.get(j, L.FLAG_A);
  E.get(j, L.FLAG_B);
  E.op(j, opcode);
}

function compareResult(j: usize, opcode: u32): void {
  E.get(j, L.FLAG_RESULT);
  E.i64Const(j, 0);
  E.op(j, opcode);
}

/** Pushes ZF when only the locals or the CPU's memory know of what kind the flags are. */
function pushUnknownZero(j: usize): void {
  E.get(j, L.FLAG_RESULT);
  E.get(j, L.CPU);
  E.memory(j, E.I64_LOAD, Cpu.flagResult);
  E.get(j, L.FLAG_KIND);
  E.i32Const(j, 0);
  E.op(j, E.I32_GE_S);
  E.select(j);
  E.i64Const(j, 0);
  E.op(j, E.I64_EQ);
}

function not(j: usize): void {
  E.op(j, E.I32_EQZ);
}

/** Pushes CF as 0 or 1 (i32). */
export function pushCarry(j: usize): void {
  L.usesFlags(j);
  const kind = knownKind(j);
  if (kind == Cpu.FLAGS_SUB) compareOperands(j, E.I64_LT_U);
  else if (kind == Cpu.FLAGS_ADD) {
    E.get(j, L.FLAG_RESULT);
    E.get(j, L.FLAG_A);
    E.op(j, E.I64_LT_U);
  } else if (kind == Cpu.FLAGS_LOGIC) E.i32Const(j, 0);
  else if (kind == Cpu.FLAGS_MUL || kind == Jit.FLAGS_UNKNOWN) pushSlowCondition(j, 2);
  else {
    E.get(j, L.FLAG_BITS);
    E.i32Const(j, 1);
    E.op(j, E.I32_AND);
  }
}

/** Pushes a condition by its code (0..15) as i32, the way cpu/flags.ts finds it. */
function pushSlowCondition(j: usize, code: u32): void {
  storeFlags(j);
  E.get(j, L.CPU);
  E.i32Const(j, code);
  E.call(j, L.FN_CONDITION);
}

/** Code for FN_CONDITION: all six arithmetic flags, as EFLAGS bits. */
const ALL_FLAGS: u32 = 16;

/** Pushes the six arithmetic flags as EFLAGS bits (i32). */
export function pushAllFlags(j: usize): void {
  L.usesFlags(j);
  const kind = knownKind(j);
  if (kind == Cpu.FLAGS_EXPLICIT || kind == Jit.FLAGS_ORDER) {
    E.get(j, L.FLAG_BITS);
    E.i32Const(j, ARITHMETIC);
    E.op(j, E.I32_AND);
  } else pushSlowCondition(j, ALL_FLAGS);
}

/** Brings the flags, if they are the sum, difference or logic of two operands, into the form FLAGS_BITS; false if not. */
function toBits(j: usize): bool {
  const kind = knownKind(j);
  if (kind == Cpu.FLAGS_BITS) return true;
  if (kind == Cpu.FLAGS_LOGIC) E.i32Const(j, 0);
  else if (kind == Cpu.FLAGS_ADD || kind == Cpu.FLAGS_SUB) {
    pushCarry(j);
    pushOverflow(j, kind);
    E.i32Const(j, 11);
    E.op(j, E.I32_SHL);
    E.op(j, E.I32_OR);
    E.get(j, L.FLAG_A);
    E.get(j, L.FLAG_B);
    E.op(j, E.I64_XOR);
    E.get(j, L.FLAG_RESULT);
    E.op(j, E.I64_XOR);
    E.op(j, E.I32_WRAP_I64);
    E.i32Const(j, AF);
    E.op(j, E.I32_AND);
    E.op(j, E.I32_OR);
  } else return false;
  E.set(j, L.FLAG_BITS);
  setKind(j, Cpu.FLAGS_BITS);
  return true;
}

/** The flags in `mask`, ZF alone or some of CF, OF and AF, become those in the local ENTRY, the others stay. */
export function replaceFlags(j: usize, mask: u32): void {
  // In that form ZF is not a bit.
  const kept = mask != ZF && toBits(j);
  if (kept) E.get(j, L.FLAG_BITS);
  else pushAllFlags(j);
  E.i32Const(j, ~mask);
  E.op(j, E.I32_AND);
  E.get(j, L.ENTRY);
  E.op(j, E.I32_OR);
  E.set(j, L.FLAG_BITS);
  if (!kept) setExplicit(j);
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

/** Pushes the sign of (FLAG_A ^ p) & (q ^ FLAG_RESULT), which is overflow for the right p and q. */
function pushOverflow(j: usize, kind: u32): void {
  // ADD: (a ^ r) & (b ^ r); SUB: (a ^ b) & (a ^ r).
  E.get(j, L.FLAG_A);
  E.get(j, kind == Cpu.FLAGS_ADD ? L.FLAG_RESULT : L.FLAG_B);
  E.op(j, E.I64_XOR);
  E.get(j, kind == Cpu.FLAGS_ADD ? L.FLAG_B : L.FLAG_A);
  E.get(j, L.FLAG_RESULT);
  E.op(j, E.I64_XOR);
  E.op(j, E.I64_AND);
  E.i64Const(j, 0);
  E.op(j, E.I64_LT_S);
}

/** Pushes condition code 0..15 as i32. */
export function pushCondition(j: usize, code: u32): void {
  L.usesFlags(j);
  const kind = knownKind(j);
  const even = code & 14;
  if (kind == Jit.FLAGS_UNKNOWN && even != 4) {
    pushSlowCondition(j, code);
    return;
  }
  if (kind == Jit.FLAGS_UNKNOWN) pushUnknownZero(j);
  else if (kind == Cpu.FLAGS_EXPLICIT) pushExplicit(j, even);
  else if (kind == Jit.FLAGS_ORDER) pushFloatOrder(j, even);
  else if (!pushQuick(j, kind, even)) {
    pushSlowCondition(j, code);
    return;
  }
  if (code & 1) not(j);
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

function compareOrder(j: usize, opcode: u32): void {
  E.get(j, L.ORDER_A);
  E.get(j, L.ORDER_B);
  E.op(j, opcode);
}

/** The conditions after COMIS or UCOMIS, whose flags say CF = less, ZF = equal, and both with PF = not ordered. */
export function pushFloatOrder(j: usize, even: u32): void {
  switch (even) {
    case 2:
      compareOrder(j, E.F64_GE);
      not(j);
      return;
    case 4:
    case 14:
      compareOrder(j, E.F64_LT);
      compareOrder(j, E.F64_GT);
      E.op(j, E.I32_OR);
      not(j);
      return;
    case 6:
      compareOrder(j, E.F64_GT);
      not(j);
      return;
    case 10:
      compareOrder(j, E.F64_LT);
      compareOrder(j, E.F64_GE);
      E.op(j, E.I32_OR);
      not(j);
      return;
  }
  // OF and SF are clear.
  E.i32Const(j, 0);
}

/** The conditions O, B, E, BE, S, L, LE where one or a few compares do; false if not. */
function pushQuick(j: usize, kind: u32, even: u32): bool {
  const sub = kind == Cpu.FLAGS_SUB;
  const logic = kind == Cpu.FLAGS_LOGIC;
  switch (even) {
    case 0:
      if (logic) E.i32Const(j, 0);
      else if (sub || kind == Cpu.FLAGS_ADD) pushOverflow(j, kind);
      else return false;
      return true;
    case 2:
      if (kind == Cpu.FLAGS_MUL) return false;
      pushCarry(j);
      return true;
    case 4:
      if (sub) compareOperands(j, E.I64_EQ);
      else compareResult(j, E.I64_EQ);
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
      else return false;
      return true;
    default:
      if (sub) compareOperands(j, E.I64_LE_S);
      else if (logic) compareResult(j, E.I64_LE_S);
      else return false;
      return true;
  }
}

function pushParity(j: usize): void {
  E.get(j, L.FLAG_RESULT);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 0xff);
  E.op(j, E.I32_AND);
  E.op(j, E.I32_POPCNT);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
  not(j);
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
