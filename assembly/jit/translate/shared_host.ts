// Accesses of a basic block through the same base register: fields of a structure, variables on the stack. One look into
// the TLB for all of them, as long as the register stays as it is and what they touch lies in one page; where it does
// not, each of them goes the slow way.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as Ops from "../../cpu/generated/ops";
import * as E from "../emit";
import * as L from "../locals";
import { behind, entryOf, kindOfRecord, recordAt } from "../region";
import { cutAddress } from "../state";
import { hasStack } from "../x87_state";
import * as X87 from "./x87_operands";
import {
  callSlowAccess,
  hostOfLa,
  isMemory,
  isRegisterForm,
  OPERAND_A,
  OPERAND_E,
  OPERAND_G,
  pushHostOrZero,
  pushLinear,
  pushOperand,
  recordOf,
} from "./operand";

/** Bytes from the first to the last that is touched: the longer, the more often they lie in two pages. */
const SPAN_MAX: i64 = 128;
const PLAIN_ADDRESS: u32 = Record.MISC_FORM | Record.MISC_SEG;
const NONE: u32 = 0xff;

/** No look-up is shared with what came before. */
export function forgetSharedHost(j: usize): void {
  store<u32>(j, NONE, Jit.sharedBase);
}

/** Whether the memory operand is [register + displacement], of the mode's address size. */
function isPlain(j: usize, rec: usize): bool {
  const form = L.isFlat(j) ? Record.FORM_MEM32 : Record.FORM_MEM64;
  if (((<u32>load<u8>(rec, Record.misc)) & PLAIN_ADDRESS) != form) return false;
  return load<u8>(rec, Record.index) == <u8>Cpu.zero && load<u8>(rec, Record.rm) < 128;
}

/** Bytes of the memory operand of an instruction that asks for a shared look-up; 0 = it has none. */
function accessSize(j: usize, kind: u32, entry: usize): i32 {
  if (kind >= K.FIRST_X87) return hasStack(j) ? x87AccessSize(entry) : 0;
  const form = <u32>load<u8>(entry, 2);
  if (kind == 0 || kind >= K.FIRST_SEVERAL || form != 1) return 0;
  const size = <i32>load<u8>(entry, 1);
  const sourceSize = (<i32>load<u8>(entry, 6)) & 15;
  if (isMemory(load<u8>(entry, 3), form)) return 1 << size;
  return isMemory(load<u8>(entry, 4), form) ? 1 << sourceSize : 0;
}

/** The extended format, and what is larger, does without. */
function x87AccessSize(entry: usize): i32 {
  const size = X87.sizeOf(entry);
  return size != 0 ? 1 << size : 0;
}

function isWrite(kind: u32, entry: usize): bool {
  if (kind >= K.FIRST_X87) return kind == K.kX87Store || kind == K.kX87Status || kind == K.kX87StoreControl;
  const reads = kind == K.kCmp || kind == K.kTest || kind == K.kPushRm;
  return !reads && isMemory(load<u8>(entry, 3), load<u8>(entry, 2));
}

/** Whether an instruction may change the register at byte offset `base`. */
function changes(j: usize, rec: usize, kind: u32, entry: usize, base: u32): bool {
  const reg = <u32>load<u8>(rec, Record.reg);
  const rm = <u32>load<u8>(rec, Record.rm);
  // A handler can do anything. Of a vector instruction, a general register may be the destination.
  if (kind == 0) return true;
  if (kind >= K.FIRST_X87) return !hasStack(j) || kind >= K.kX87Status;
  if (kind >= K.FIRST_VECTOR) return reg == base || (isRegisterForm(rec) && rm == base);
  switch (kind) {
    case K.kNop:
    case K.kCmp:
    case K.kTest:
      return false;
    case K.kPushReg:
    case K.kPushImm:
    case K.kPushRm:
      return base == Cpu.rsp;
    case K.kPopReg:
      return base == Cpu.rsp || base == rm;
    case K.kLeave:
      return base == Cpu.rsp || base == Cpu.rbp;
    case K.kLea:
      return reg == base;
    case K.kImmediate:
    case K.kBswap:
      return (rm & ~7) == (base & ~7);
    case K.kWiden:
      return base == Cpu.rax;
    case K.kSignFill:
      return base == Cpu.rdx;
    case K.kExchangeAccumulator:
      return base == Cpu.rax || base == rm;
  }
  // Products, divisions, exchanges: several results.
  if (kind >= K.FIRST_SEVERAL) return true;
  const to = <u32>load<u8>(entry, 3);
  if (to == OPERAND_E) return isRegisterForm(rec) && (rm & ~7) == base;
  if (to == OPERAND_G) return (reg & ~7) == base;
  return to != OPERAND_A || base == Cpu.rax;
}

/**
 * Finds the accesses from the instruction under translation on that can share a look-up, and writes it: HOST_BASE is the
 * host address of the first byte, 0 if they must go the slow way. False if this one would be alone.
 */
function share(j: usize, bytes: i32, write: bool): bool {
  const first = recordOf(j);
  const base = <u32>load<u8>(first, Record.rm);
  // Displacements of a guest can be 4 GiB apart: their differences need more than 32 bits.
  let low: i64 = load<i32>(first, Record.disp);
  let high = low + bytes;
  let writes = write;
  let accesses = 1;
  let last = (<u32>load<u16>(first, Record.where)) & 0xfff;
  let rec = first;
  let offset = last;
  const end = load<u32>(<usize>load<u32>(j, Jit.block), Jit.bEnd);
  while (!changes(j, rec, kindOfRecord(rec), entryOf(rec), base)) {
    offset = behind(rec);
    if (offset >= end) break;
    rec = recordAt(j, offset);
    if (rec == 0 || <i32>load<u16>(rec, Record.op) == Ops.FENCE) break;
    const entry = entryOf(rec);
    const kind = kindOfRecord(rec);
    const size = accessSize(j, kind, entry);
    if (size == 0 || !isPlain(j, rec) || <u32>load<u8>(rec, Record.rm) != base) continue;
    const disp: i64 = load<i32>(rec, Record.disp);
    const lowest = min<i64>(low, disp);
    const highest = max<i64>(high, disp + size);
    if (highest - lowest > SPAN_MAX) break;
    low = lowest;
    high = highest;
    writes = writes || isWrite(kind, entry);
    last = offset;
    accesses++;
  }
  if (accesses == 1) return false;
  store<u32>(j, base, Jit.sharedBase);
  store<i32>(j, <i32>low, Jit.sharedLow);
  store<i32>(j, <i32>(high - low), Jit.sharedSpan);
  store<u32>(j, last, Jit.sharedLast);
  store<u32>(j, <u32>writes, Jit.sharedWrite);
  pushBaseAnd(j, base, <i32>low);
  E.set(j, L.LA);
  pushHostOrZero(j, <i32>(high - low), writes);
  E.set(j, L.HOST_BASE);
  return true;
}

function pushBaseAnd(j: usize, base: u32, disp: i32): void {
  L.getGpr(j, base >> 3);
  if (disp != 0) {
    E.i64Const(j, disp);
    E.op(j, E.I64_ADD);
  }
  cutAddress(j);
}

/** How far the memory operand under translation is from the first byte that the shared look-up is for. */
function distance(j: usize): i64 {
  return <i64>load<i32>(recordOf(j), Record.disp) - <i64>load<i32>(j, Jit.sharedLow);
}

/** Whether the look-up that is shared at this point is for the memory operand under translation too. */
function isShared(j: usize, bytes: i32, write: bool): bool {
  const rec = recordOf(j);
  const at = distance(j);
  return (
    load<u32>(j, Jit.sharedBase) == <u32>load<u8>(rec, Record.rm) &&
    ((<u32>load<u16>(rec, Record.where)) & 0xfff) <= load<u32>(j, Jit.sharedLast) &&
    at >= 0 &&
    at + bytes <= <i64>load<i32>(j, Jit.sharedSpan) &&
    (!write || load<u32>(j, Jit.sharedWrite) != 0)
  );
}

/** Makes HOST the memory operand's host address. */
export function hostOfOperand(j: usize, size: u32, write: bool): void {
  if (hostByShared(j, 1 << size, write)) return;
  pushLinear(j, 1 << size);
  E.set(j, L.LA);
  hostOfLa(j, size, write);
}

/** Pushes the operand that modrm.rm names, extended; if it is in memory, HOST is where, to be written to if `write`. */
export function pushRm(j: usize, size: u32, unsignedValue: bool, write: bool): void {
  const form: u32 = isRegisterForm(recordOf(j)) ? 2 : 1;
  if (form == 1) hostOfOperand(j, size, write);
  pushOperand(j, OPERAND_E, form, size, unsignedValue);
}

/** The same by a shared look-up; false, and nothing is written, if there is none. */
function hostByShared(j: usize, bytes: i32, write: bool): bool {
  const rec = recordOf(j);
  if (!isPlain(j, rec)) return false;
  if (!isShared(j, bytes, write) && !share(j, bytes, write)) return false;
  const at = <i32>distance(j);
  E.get(j, L.HOST_BASE);
  E.ifHinted(j, E.I32, true);
  E.get(j, L.HOST_BASE);
  if (at != 0) {
    E.i32Const(j, at);
    E.op(j, E.I32_ADD);
  }
  E.elseThen(j);
  E.get(j, L.CPU);
  pushBaseAnd(j, load<u32>(j, Jit.sharedBase), load<i32>(rec, Record.disp));
  callSlowAccess(j, bytes, write);
  E.end(j);
  E.set(j, L.HOST);
  return true;
}
