// Shifts and rotations. X is the value, the count an immediate or CL; the result is left in Z.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as K from "../../cpu/generated/kinds";
import * as E from "../emit";
import * as L from "../locals";
import { flagsDie } from "./flag_life";
import { storeFlags } from "../flag_store";
import { forgetFlags } from "../state";
import { replaceCarryAndOverflow, setKind, setRotated } from "./flags";
import { bitsOf, extend, extendZero, pushXopY } from "./operand";

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

/** FLAG_BITS = CF and OF of X shifted by the constant `count` > 0, which gave Z. */
function shiftedOut(j: usize, kind: u32, size: u32, count: u32): void {
  const bits = bitsOf(size);
  if (kind == K.kShl) {
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

/** Z = X shifted by Y, which is masked. */
function shiftValue(j: usize, kind: u32, size: u32): void {
  if (kind == K.kShr && size < 2) {
    pushPlain(j, size);
    E.get(j, L.Y);
    E.op(j, E.I64_SHR_U);
    extend(j, size);
  } else pushXopY(j, kind == K.kShl ? E.I64_SHL : kind == K.kSar ? E.I64_SHR_S : E.I64_SHR_U, size);
  E.set(j, L.Z);
}

/** The flags of X shifted by Y, which gave Z: they change only if Y is not 0, so afterwards their kind is not known. */
function flagsOfVariable(j: usize, kind: u32, size: u32): void {
  const bits = bitsOf(size);
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

/** Leaves the count in Y, masked. */
function maskCount(j: usize, size: u32): void {
  E.get(j, L.Y);
  E.i64Const(j, size == 3 ? 63 : 31);
  E.op(j, E.I64_AND);
  E.set(j, L.Y);
}

/** Translates SHL, SHR, SAR. `count` is the constant count, or -1: CL, whose value is in Y. */
export function translateShift(j: usize, kind: u32, size: u32, count: i32): void {
  const masked = (<u32>count) & (size == 3 ? 63 : 31);
  if (count < 0) maskCount(j, size);
  else {
    E.i64Const(j, masked);
    E.set(j, L.Y);
  }
  shiftValue(j, kind, size);
  if ((count >= 0 && masked == 0) || flagsDie(j)) return;
  if (count < 0) {
    flagsOfVariable(j, kind, size);
    return;
  }
  shiftedOut(j, kind, size, masked);
  E.get(j, L.Z);
  E.set(j, L.FLAG_RESULT);
  setKind(j, Cpu.FLAGS_BITS);
}

/** Z = X rotated to the left by the number of bits that is on the stack. */
function rotateLeft(j: usize, size: u32): void {
  if (size == 3) {
    E.set(j, L.Z);
    E.get(j, L.X);
    E.get(j, L.Z);
    E.op(j, E.I64_ROTL);
  } else if (size == 2) {
    E.op(j, E.I32_WRAP_I64);
    E.set(j, L.ENTRY);
    E.get(j, L.X);
    E.op(j, E.I32_WRAP_I64);
    E.get(j, L.ENTRY);
    E.op(j, E.I32_ROTL);
    E.op(j, E.I64_EXTEND_I32_S);
  } else {
    // The value once more above itself, and for bytes twice more: a rotation of 32 bits then is one of each copy.
    E.op(j, E.I32_WRAP_I64);
    E.set(j, L.ENTRY);
    pushPlain(j, size);
    E.i64Const(j, size == 1 ? 0x10001 : 0x1010101);
    E.op(j, E.I64_MUL);
    E.op(j, E.I32_WRAP_I64);
    E.get(j, L.ENTRY);
    E.op(j, E.I32_ROTL);
    E.op(j, E.I64_EXTEND_I32_S);
    extend(j, size);
  }
  E.set(j, L.Z);
}

/** Pushes the number of bits to the left that a rotation by Y, masked, comes to. */
function pushLeft(j: usize, kind: u32): void {
  if (kind == K.kRor) E.i64Const(j, 0);
  E.get(j, L.Y);
  if (kind == K.kRor) E.op(j, E.I64_SUB);
}

/** ENTRY = CF and OF of a rotation that gave Z. ROL: CF = bit 0, OF = CF ^ top; ROR: CF = top, OF = top ^ the bit below. */
function rotatedOut(j: usize, kind: u32, size: u32): void {
  const top = bitsOf(size) - 1;
  E.get(j, L.Z);
  bitOf(j, kind == K.kRol ? 0 : top);
  E.get(j, L.Z);
  bitOf(j, top);
  E.get(j, L.Z);
  bitOf(j, kind == K.kRol ? 0 : top - 1);
  E.op(j, E.I32_XOR);
  E.i32Const(j, 11);
  E.op(j, E.I32_SHL);
  E.op(j, E.I32_OR);
  E.set(j, L.ENTRY);
}

/** ROL and ROR, `count` as for translateShift: CF and OF change, unless the count is 0, the rest stays as it was. */
export function translateRotate(j: usize, kind: u32, size: u32, count: i32): void {
  const masked = (<u32>count) & (size == 3 ? 63 : 31);
  if (count < 0) maskCount(j, size);
  else {
    E.i64Const(j, masked);
    E.set(j, L.Y);
  }
  pushLeft(j, kind);
  rotateLeft(j, size);
  if ((count >= 0 && masked == 0) || flagsDie(j)) return;
  if (count >= 0) {
    rotatedOut(j, kind, size);
    replaceCarryAndOverflow(j);
    return;
  }
  // With a count of 0, all flags stay.
  storeFlags(j);
  forgetFlags(j);
  E.get(j, L.Y);
  E.op(j, E.I64_EQZ);
  E.op(j, E.I32_EQZ);
  E.ifThen(j, E.VOID);
  rotatedOut(j, kind, size);
  setRotated(j);
  E.end(j);
  store<u32>(j, Jit.FLAGS_UNKNOWN, Jit.flagKind);
}
