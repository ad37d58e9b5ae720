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
import { behind, entryOf, kindOfRecord, memorySize, recordAt } from "../region";
import { slotSize } from "../state";
import { hasStack } from "../x87_state";
import * as X87 from "./x87_operands";
import {
  callSlowAccess,
  hostOfLa,
  hostOfRange,
  isMemory,
  isRegisterForm,
  OPERAND_A,
  OPERAND_E,
  OPERAND_G,
  OPERAND_I,
  pushHostOrZero,
  pushLinear,
  pushOperand,
  pushPointer,
  recordOf,
  setHost,
} from "./operand";

/** Bytes from the first to the last that is touched: the longer, the more often they lie in two pages. */
const SPAN_MAX: i64 = 128;
const PLAIN_ADDRESS: u32 = Record.MISC_FORM | Record.MISC_SEG;
const NONE: u32 = 0xff;

/** Accesses by rsp are a group of their own, beside which there is one by another register. */
@inline
function groupOf(j: usize, base: u32): usize {
  return j + (base == <u32>Cpu.rsp ? Jit.sharedByStack : Jit.shared);
}

@inline
function hostLocal(base: u32): u32 {
  return base == <u32>Cpu.rsp ? L.HOST_STACK : L.HOST_BASE;
}

/** No look-up is shared with what came before. */
export function forgetSharedHost(j: usize): void {
  store<u32>(j + Jit.shared, NONE, Jit.gBase);
  store<u32>(j + Jit.sharedByStack, NONE, Jit.gBase);
}

/** Whether the memory operand is [register + displacement], of the mode's address size. */
function isPlain(j: usize, rec: usize): bool {
  const form = L.isFlat(j) ? Record.FORM_MEM32 : Record.FORM_MEM64;
  if (((<u32>load<u8>(rec, Record.misc)) & PLAIN_ADDRESS) != form) return false;
  return load<u8>(rec, Record.index) == <u8>Cpu.zero && load<u8>(rec, Record.rm) < 128;
}

/** Bytes of the memory operand of an instruction that asks for a shared look-up; 0 = it has none. */
function accessSize(j: usize, rec: usize, kind: u32, entry: usize): i32 {
  if (kind >= K.FIRST_X87) return hasStack(j) ? x87AccessSize(entry) : 0;
  if (kind >= K.FIRST_VECTOR) return isRegisterForm(rec) ? 0 : 1 << memorySize(entry);
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

/** Those that store whenever they have a memory operand. */
function isVectorStore(kind: u32): bool {
  if (kind == K.kVectorStore || kind == K.kVectorStoreLane || kind == K.kVectorStoreGeneral) return true;
  return kind == K.kVectorToGeneral || kind == K.kVectorExtract;
}

function isWrite(kind: u32, entry: usize): bool {
  if (kind >= K.FIRST_X87) return kind == K.kX87Store || kind == K.kX87Status || kind == K.kX87StoreControl;
  if (kind >= K.FIRST_VECTOR) return isVectorStore(kind);
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

/** Adds an access to a group; false if it is too far away. */
function addAccess(group: usize, where: u32, at: i64, bytes: i64, write: bool): bool {
  const n = load<u32>(group, Jit.gCount);
  const low = n == 0 ? at : min<i64>(load<i64>(group, Jit.gLow), at);
  const high = n == 0 ? at + bytes : max<i64>(load<i64>(group, Jit.gHigh), at + bytes);
  if (high - low > SPAN_MAX || n == <u32>Jit.GROUP_MAX) return false;
  store<i64>(group, low, Jit.gLow);
  store<i64>(group, high, Jit.gHigh);
  if (write) store<u32>(group, 1, Jit.gWrite);
  const access = group + Jit.gAccesses + <usize>n * Jit.ACCESS_SIZE;
  store<u32>(access, where, Jit.aWhere);
  store<i64>(access, at, Jit.aAt);
  store<u32>(group, n + 1, Jit.gCount);
  return true;
}

/** An access of a group, 0 = it is not in there. */
function findAccess(group: usize, where: u32): usize {
  const end = group + Jit.gAccesses + <usize>load<u32>(group, Jit.gCount) * Jit.ACCESS_SIZE;
  for (let access = group + Jit.gAccesses; access < end; access += Jit.ACCESS_SIZE) {
    if (load<u32>(access, Jit.aWhere) == where) return access;
  }
  return 0;
}

/** How an instruction moves rsp by a constant: bytes; NOT_CONSTANT if it does something else to it. */
const NOT_CONSTANT: i64 = i64.MAX_VALUE;

@inline
function isPush(kind: u32): bool {
  return kind == K.kPushReg || kind == K.kPushImm || kind == K.kPushRm;
}

function stackMove(j: usize, rec: usize, kind: u32, entry: usize): i64 {
  const slot: i64 = 1 << slotSize(j);
  const rm = <u32>load<u8>(rec, Record.rm);
  if (isPush(kind)) return load<u8>(entry, 1) == <u8>slotSize(j) ? -slot : NOT_CONSTANT;
  switch (kind) {
    case K.kPopReg:
      return load<u8>(entry, 1) == <u8>slotSize(j) && rm != <u32>Cpu.rsp ? slot : NOT_CONSTANT;
    case K.kAdd:
    case K.kSub:
      if (rm != <u32>Cpu.rsp || !isRegisterForm(rec) || load<u8>(entry, 3) != <u8>OPERAND_E) break;
      if (load<u8>(entry, 4) != <u8>OPERAND_I || load<u8>(entry, 1) != <u8>slotSize(j)) break;
      return kind == K.kAdd ? <i64>load<i32>(rec, Record.imm) : -(<i64>load<i32>(rec, Record.imm));
  }
  return changes(j, rec, kind, entry, Cpu.rsp) ? NOT_CONSTANT : 0;
}

/**
 * Collects the accesses from the instruction under translation on that can share a look-up through `base`, and writes it:
 * the group's local is the host address of the first byte, 0 if they must go the slow way. False if there are no two.
 */
function share(j: usize, base: u32): bool {
  const group = groupOf(j, base);
  store<u32>(group, NONE, Jit.gBase);
  store<u32>(group, 0, Jit.gCount);
  store<u32>(group, 0, Jit.gWrite);
  const end = load<u32>(<usize>load<u32>(j, Jit.block), Jit.bEnd);
  let rec = recordOf(j);
  let moved: i64 = 0;
  while (true) {
    const move = collect(j, group, rec, base, moved);
    if (move == NOT_CONSTANT || behind(rec) >= end) break;
    moved += move;
    rec = recordAt(j, behind(rec));
    if (rec == 0 || <i32>load<u16>(rec, Record.op) == Ops.FENCE) break;
  }
  if (load<u32>(group, Jit.gCount) < 2) return false;
  store<u32>(group, base, Jit.gBase);
  const low = load<i64>(group, Jit.gLow);
  pushPointer(j, base >> 3, <i32>low);
  E.set(j, L.LA);
  pushHostOrZero(j, <i32>(load<i64>(group, Jit.gHigh) - low), load<u32>(group, Jit.gWrite) != 0);
  E.set(j, hostLocal(base));
  return true;
}

/** Adds the accesses of an instruction, before which `base` has moved by `moved` bytes; returns by how many it moves it. */
function collect(j: usize, group: usize, rec: usize, base: u32, moved: i64): i64 {
  const entry = entryOf(rec);
  const kind = kindOfRecord(rec);
  const where = (<u32>load<u16>(rec, Record.where)) & 0xfff;
  const size = accessSize(j, rec, kind, entry);
  if (size != 0 && isPlain(j, rec) && <u32>load<u8>(rec, Record.rm) == base) {
    const at = moved + <i64>load<i32>(rec, Record.disp);
    if (!addAccess(group, where, at, size, isWrite(kind, entry))) return NOT_CONSTANT;
  }
  if (base == <u32>Cpu.rsp) return collectStack(j, group, rec, kind, entry, moved);
  return changes(j, rec, kind, entry, base) ? NOT_CONSTANT : 0;
}

/** What is pushed or popped. */
function collectStack(j: usize, group: usize, rec: usize, kind: u32, entry: usize, moved: i64): i64 {
  const where = ((<u32>load<u16>(rec, Record.where)) & 0xfff) | Jit.ON_STACK;
  const slot: i64 = 1 << slotSize(j);
  const op = <i32>load<u16>(rec, Record.op);
  if (op == Ops.CALL) addAccess(group, where, moved - slot, slot, true);
  if (op == Ops.RET) addAccess(group, where, moved, slot, false);
  const move = stackMove(j, rec, kind, entry);
  if (move == NOT_CONSTANT) return move;
  const pops = kind == K.kPopReg;
  if (!pops && !isPush(kind)) return move;
  return addAccess(group, where, pops ? moved : moved + move, slot, !pops) ? move : NOT_CONSTANT;
}

/** Whether a group's look-up is for all of an access. */
function covers(group: usize, access: usize, bytes: i32, write: bool): bool {
  if (write && load<u32>(group, Jit.gWrite) == 0) return false;
  return load<i64>(access, Jit.aAt) + bytes <= load<i64>(group, Jit.gHigh);
}

/** An access of the instruction under translation through `base` whose look-up is shared; 0 = it is not. */
function sharedAccess(j: usize, base: u32, which: u32): usize {
  const where = ((<u32>load<u16>(recordOf(j), Record.where)) & 0xfff) | which;
  const group = groupOf(j, base);
  if (load<u32>(group, Jit.gBase) == base) {
    const access = findAccess(group, where);
    if (access != 0) return access;
  }
  return share(j, base) ? findAccess(group, where) : 0;
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
export function hostByShared(j: usize, bytes: i32, write: bool): bool {
  const rec = recordOf(j);
  if (!isPlain(j, rec)) return false;
  const base = <u32>load<u8>(rec, Record.rm);
  const access = sharedAccess(j, base, 0);
  if (access == 0 || !covers(groupOf(j, base), access, bytes, write)) return false;
  ifShared(j, base);
  L.pushCpu(j);
  pushPointer(j, base >> 3, load<i32>(rec, Record.disp));
  endShared(j, base, access, bytes, write);
  return true;
}

/** Begins a choice of host addresses: the one of a shared look-up, else that of what is written next. */
function ifShared(j: usize, base: u32): void {
  E.get(j, hostLocal(base));
  E.ifHinted(j, E.I32, true);
  E.get(j, hostLocal(base));
  E.elseThen(j);
}

/** Ends it, with the CPU and the address of an access on the stack: the slow way aims as far before it as the shared look-up. */
function endShared(j: usize, base: u32, access: usize, bytes: i32, write: bool): void {
  E.i64Const(j, 0);
  callSlowAccess(j, bytes, write);
  const at = <u32>(load<i64>(access, Jit.aAt) - load<i64>(groupOf(j, base), Jit.gLow));
  if (at != 0) {
    E.i32Const(j, at);
    E.op(j, E.I32_SUB);
  }
  E.end(j);
  setHost(j, at);
}

/**
 * Makes LA the linear address rsp + `by`, and HOST the host address of the `bytes` bytes there that the instruction under
 * translation pushes or pops, or with it a run of them.
 */
export function hostOfStack(j: usize, by: i32, bytes: i32, write: bool): void {
  const access = sharedStack(j, bytes, write);
  pushPointer(j, Cpu.rsp >> 3, by);
  E.set(j, L.LA);
  if (access == 0) {
    hostOfRange(j, bytes, write);
    return;
  }
  ifShared(j, Cpu.rsp);
  L.pushCpu(j);
  E.get(j, L.LA);
  endShared(j, Cpu.rsp, access, bytes, write);
}

/** The access with the lowest address of those that a run of `bytes` bytes has; 0 = not all of them share a look-up. */
function sharedStack(j: usize, bytes: i32, write: bool): usize {
  let lowest = sharedAccess(j, Cpu.rsp, Jit.ON_STACK);
  if (lowest == 0) return 0;
  const group = groupOf(j, Cpu.rsp);
  const slot = 1 << slotSize(j);
  let rec = recordOf(j);
  for (let left = bytes - slot; left > 0; left -= slot) {
    rec = recordAt(j, behind(rec));
    const access = findAccess(group, ((<u32>load<u16>(rec, Record.where)) & 0xfff) | Jit.ON_STACK);
    if (access == 0) return 0;
    if (write) lowest = access;
  }
  return lowest;
}
