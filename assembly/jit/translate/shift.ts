// Shifts and rotations. X is the value, the count an immediate or CL; the result is left in Z.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { knownKind, setKind } from "./flags";
import { bitsOf, extend, extendZero, pushXopConstant } from "./operand";

/** Pushes X without its sign extension. */
function pushPlain(j: usize, size: u32): void {
  E.get(j, L.X);
  extendZero(j, size);
}

/** Pushes (value >> count) & 1 as i32, for a constant count below 64; the value is on the stack. */
function bitOf(j: usize, count: u32): void {
  E.i64Const(j, count);
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
}

/** Z = X shifted by the constant `count` > 0; FLAG_BITS = CF and OF. */
function shiftConstant(j: usize, kind: u32, size: u32, count: u32): void {
  const bits = bitsOf(size);
  if (kind == K.kShl) {
    pushXopConstant(j, E.I64_SHL, size, count);
    E.set(j, L.Z);
    if (count <= bits) {
      E.get(j, L.X);
      bitOf(j, bits - count);
    } else E.i32Const(j, 0);
    E.set(j, L.FLAG_BITS);
    // OF = CF ^ sign of the result.
    E.get(j, L.FLAG_BITS);
    E.get(j, L.FLAG_BITS);
    E.get(j, L.Z);
    bitOf(j, 63);
    E.op(j, E.I32_XOR);
    E.i32Const(j, 11);
    E.op(j, E.I32_SHL);
    E.op(j, E.I32_OR);
    E.set(j, L.FLAG_BITS);
    return;
  }
  if (kind == K.kSar || size >= 2) pushXopConstant(j, kind == K.kSar ? E.I64_SHR_S : E.I64_SHR_U, size, count);
  else {
    pushPlain(j, size);
    E.i64Const(j, count);
    E.op(j, E.I64_SHR_U);
    extend(j, size);
  }
  E.set(j, L.Z);
  if (kind == K.kSar) E.get(j, L.X);
  else pushPlain(j, size);
  bitOf(j, count - 1);
  if (kind == K.kShr && count == 1) {
    E.get(j, L.X);
    bitOf(j, 63);
    E.i32Const(j, 11);
    E.op(j, E.I32_SHL);
    E.op(j, E.I32_OR);
  }
  E.set(j, L.FLAG_BITS);
}

/** Pushes bit (Y + add) of the value on the stack as i32; the count is taken modulo 64, as wasm shifts do. */
function bitAtY(j: usize, add: i64, negate: bool): void {
  if (negate) E.i64Const(j, add);
  E.get(j, L.Y);
  if (negate) E.op(j, E.I64_SUB);
  else {
    E.i64Const(j, add);
    E.op(j, E.I64_ADD);
  }
  E.op(j, E.I64_SHR_U);
  E.op(j, E.I32_WRAP_I64);
  E.i32Const(j, 1);
  E.op(j, E.I32_AND);
}

/** Z = X shifted by Y (masked, maybe 0); the flags change only if Y is not 0, so afterwards their kind is not known. */
function shiftVariable(j: usize, kind: u32, size: u32): void {
  const bits = bitsOf(size);
  if (kind == K.kSar || kind == K.kShl) E.get(j, L.X);
  else pushPlain(j, size);
  E.get(j, L.Y);
  E.op(j, kind == K.kShl ? E.I64_SHL : kind == K.kSar ? E.I64_SHR_S : E.I64_SHR_U);
  extend(j, size);
  E.set(j, L.Z);
  L.changesFlags(j);
  E.get(j, L.Y);
  E.op(j, E.I64_EQZ);
  E.op(j, E.I32_EQZ);
  E.ifThen(j, E.VOID);
  if (kind == K.kShl) {
    // Above the width nothing is carried out: the bit number wraps to one that is 0 in the plain value.
    pushPlain(j, size);
    bitAtY(j, bits, true);
    E.tee(j, L.FLAG_BITS);
    E.get(j, L.FLAG_BITS);
    E.get(j, L.Z);
    bitOf(j, 63);
    E.op(j, E.I32_XOR);
    E.i32Const(j, 11);
    E.op(j, E.I32_SHL);
    E.op(j, E.I32_OR);
  } else {
    if (kind == K.kSar) E.get(j, L.X);
    else pushPlain(j, size);
    bitAtY(j, -1, false);
    if (kind == K.kShr) pushShrOverflow(j);
  }
  E.set(j, L.FLAG_BITS);
  E.get(j, L.Z);
  E.set(j, L.FLAG_RESULT);
  E.i32Const(j, Cpu.FLAGS_BITS);
  E.set(j, L.FLAG_KIND);
  E.end(j);
  store<u32>(j, Jit.FLAGS_UNKNOWN, Jit.flagKind);
}

/** Adds OF = sign of X for a count of 1. */
function pushShrOverflow(j: usize): void {
  E.get(j, L.X);
  bitOf(j, 63);
  E.get(j, L.Y);
  E.i64Const(j, 1);
  E.op(j, E.I64_EQ);
  E.op(j, E.I32_AND);
  E.i32Const(j, 11);
  E.op(j, E.I32_SHL);
  E.op(j, E.I32_OR);
}

/** Translates SHL, SHR, SAR. `count` is the constant count, or -1: CL, whose value is in Y. */
export function translateShift(j: usize, kind: u32, size: u32, count: i32): void {
  const mask: u32 = size == 3 ? 63 : 31;
  if (count < 0) {
    E.get(j, L.Y);
    E.i64Const(j, mask);
    E.op(j, E.I64_AND);
    E.set(j, L.Y);
    shiftVariable(j, kind, size);
    return;
  }
  const masked = (<u32>count) & mask;
  if (masked == 0) {
    E.get(j, L.X);
    E.set(j, L.Z);
    return;
  }
  shiftConstant(j, kind, size, masked);
  E.get(j, L.Z);
  E.set(j, L.FLAG_RESULT);
  setKind(j, Cpu.FLAGS_BITS);
}

/** Whether ROL or ROR by a constant can be translated here: AF, which stays, must be at hand. */
export function canRotate(j: usize, size: u32): bool {
  const kind = knownKind(j);
  return (
    size >= 2 && (kind == Cpu.FLAGS_LOGIC || kind == Cpu.FLAGS_BITS || kind == Cpu.FLAGS_ADD || kind == Cpu.FLAGS_SUB)
  );
}

/** ROL and ROR by a constant: CF and OF change, the rest stays as it was. */
export function translateRotate(j: usize, kind: u32, size: u32, count: u32): void {
  const bits = bitsOf(size);
  const by = count & (bits - 1);
  if ((count & (size == 3 ? 63 : 31)) == 0) {
    E.get(j, L.X);
    E.set(j, L.Z);
    return;
  }
  const left = kind == K.kRol ? by : (bits - by) & (bits - 1);
  pushXopConstant(j, E.I64_ROTL, size, left);
  E.set(j, L.Z);
  pushAdjust(j);
  // ROL: CF = bit 0, OF = CF ^ top; ROR: CF = top, OF = top ^ the bit below.
  E.get(j, L.Z);
  bitOf(j, kind == K.kRol ? 0 : bits - 1);
  E.op(j, E.I32_OR);
  E.get(j, L.Z);
  bitOf(j, bits - 1);
  E.get(j, L.Z);
  bitOf(j, kind == K.kRol ? 0 : bits - 2);
  E.op(j, E.I32_XOR);
  E.i32Const(j, 11);
  E.op(j, E.I32_SHL);
  E.op(j, E.I32_OR);
  E.set(j, L.FLAG_BITS);
  setKind(j, Cpu.FLAGS_BITS);
}

/** Pushes AF as it stands, as an EFLAGS bit (i32). */
function pushAdjust(j: usize): void {
  const kind = knownKind(j);
  if (kind == Cpu.FLAGS_LOGIC) {
    E.i32Const(j, 0);
    return;
  }
  if (kind == Cpu.FLAGS_BITS) E.get(j, L.FLAG_BITS);
  else {
    E.get(j, L.FLAG_A);
    E.get(j, L.FLAG_B);
    E.op(j, E.I64_XOR);
    E.get(j, L.FLAG_RESULT);
    E.op(j, E.I64_XOR);
    E.op(j, E.I32_WRAP_I64);
  }
  E.i32Const(j, 0x10);
  E.op(j, E.I32_AND);
}
