// Accesses through the same base register: fields of a structure, variables on the stack. One look into the TLB for all of
// them in a basic block and in those that only it leads to, as long as the register moves by constants and what they touch
// lies in one page; where it does not, each of them goes the slow way.

import * as Cpu from "../../layout/cpu";
import * as Jit from "../../layout/jit";
import * as Record from "../../layout/record";
import * as K from "../../cpu/generated/kinds";
import * as Ops from "../../cpu/generated/ops";
import * as E from "../emit";
import * as L from "../locals";
import { behind, blockAddress, entryOf, kindOfRecord, memorySize, recordAt } from "../region";
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

/** Further blocks that a look-up may be for. */
const BLOCKS_MAX: u32 = 6;

@inline
function groupAt(j: usize, n: i32): usize {
  return j + Jit.shared + <usize>n * Jit.GROUP_SIZE;
}

/** The group of a base register; 0 = it has none. */
function groupOf(j: usize, base: u32): usize {
  for (let n = 0; n < Jit.GROUPS; n++) {
    if (load<u32>(groupAt(j, n), Jit.gBase) == base) return groupAt(j, n);
  }
  return 0;
}

/** A group for a base register that has none: rsp has its own, others take turns. */
function freeGroup(j: usize, base: u32): usize {
  if (base == <u32>Cpu.rsp) return groupAt(j, 0);
  for (let n = 1; n < Jit.GROUPS; n++) {
    if (load<u32>(groupAt(j, n), Jit.gBase) == NONE) return groupAt(j, n);
  }
  const n = load<i32>(j, Jit.nextGroup);
  store<i32>(j, n == Jit.GROUPS - 1 ? 1 : n + 1, Jit.nextGroup);
  return groupAt(j, max(n, 1));
}

/** The local that has a group's host address. */
@inline
function hostLocal(j: usize, group: usize): u32 {
  return L.HOST_SHARED + <u32>(group - j - Jit.shared) / Jit.GROUP_SIZE;
}

function savedAt(j: usize, n: i32): usize {
  return j + Jit.sharedAt + <usize>n * Jit.SHARED_SIZE;
}

/** No look-up is shared with what came before. */
export function forgetSharedHost(j: usize): void {
  for (let n = 0; n < Jit.GROUPS; n++) store<u32>(groupAt(j, n), NONE, Jit.gBase);
}

/** The look-ups that a basic block begins with: those of its only predecessor. */
export function startSharedHost(j: usize, b: usize): void {
  const pred = load<i32>(b, Jit.bOnlyPred);
  if (pred < 0 || load<u32>(b, Jit.bLoop) != 0) forgetSharedHost(j);
  else memory.copy(j + Jit.shared, savedAt(j, pred), Jit.SHARED_SIZE);
}

/** Keeps them for the blocks behind block n, if it is only a branch that is between. */
export function endSharedHost(j: usize, n: i32): void {
  const saved = savedAt(j, n);
  memory.copy(saved, j + Jit.shared, Jit.SHARED_SIZE);
  if (leadsOn(blockAddress(j, n))) return;
  for (let k = 0; k < Jit.SHARED_SIZE; k += Jit.GROUP_SIZE) store<u32>(saved + <usize>k, NONE, Jit.gBase);
}

/** Whether a block ends with nothing that touches registers or memory. */
function leadsOn(b: usize): bool {
  const term = load<u32>(b, Jit.bTerm);
  return term == Jit.TERM_FALL || term == Jit.TERM_JCC || term == Jit.TERM_JMP;
}

/** Behind an instruction: its base registers have moved, or are others. */
export function moveShared(j: usize, rec: usize): void {
  for (let n = 0; n < Jit.GROUPS; n++) {
    const group = groupAt(j, n);
    const base = load<u32>(group, Jit.gBase);
    if (base == NONE) continue;
    const by = moveOf(j, rec, kindOfRecord(rec), entryOf(rec), base);
    if (by == NOT_CONSTANT) store<u32>(group, NONE, Jit.gBase);
    else store<i64>(group, load<i64>(group, Jit.gMoved) + by, Jit.gMoved);
  }
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

/** How an instruction moves a base register by a constant: bytes; NOT_CONSTANT if it does something else to it. */
const NOT_CONSTANT: i64 = i64.MAX_VALUE;

@inline
function isPush(kind: u32): bool {
  return kind == K.kPushReg || kind == K.kPushImm || kind == K.kPushRm;
}

function moveOf(j: usize, rec: usize, kind: u32, entry: usize, base: u32): i64 {
  const slot: i64 = 1 << slotSize(j);
  const rm = <u32>load<u8>(rec, Record.rm);
  const whole = load<u8>(entry, 1) == <u8>slotSize(j);
  const stack = base == <u32>Cpu.rsp;
  if (stack && isPush(kind)) return whole ? -slot : NOT_CONSTANT;
  if (stack && kind == K.kPopReg) return whole && rm != base ? slot : NOT_CONSTANT;
  if (whole && rm == base) {
    const result = isRegisterForm(rec) && load<u8>(entry, 3) == <u8>OPERAND_E;
    const constant = result && load<u8>(entry, 4) == <u8>OPERAND_I;
    if (kind == K.kAdd && constant) return load<i32>(rec, Record.imm);
    if (kind == K.kSub && constant) return -(<i64>load<i32>(rec, Record.imm));
    if (kind == K.kInc && result) return 1;
    if (kind == K.kDec && result) return -1;
    if (kind == K.kLea && load<u8>(rec, Record.reg) == <u8>base && isPlain(j, rec)) return load<i32>(rec, Record.disp);
  }
  return changes(j, rec, kind, entry, base) ? NOT_CONSTANT : 0;
}

/** Adds an access to a group; false if it is too far away. */
function addAccess(j: usize, group: usize, at: i64, bytes: i64, write: bool): bool {
  const accesses = load<u32>(j, Jit.accesses);
  const low = accesses == 0 ? at : min<i64>(load<i64>(group, Jit.gLow), at);
  const high = accesses == 0 ? at + bytes : max<i64>(load<i64>(group, Jit.gHigh), at + bytes);
  // The look-up adds `low` to the register as a displacement is added.
  if (high - low > SPAN_MAX || low < i32.MIN_VALUE) return false;
  store<i64>(group, low, Jit.gLow);
  store<i64>(group, high, Jit.gHigh);
  if (write) store<u32>(group, 1, Jit.gWrite);
  store<u32>(j, accesses + 1, Jit.accesses);
  return true;
}

/**
 * Collects the accesses from the instruction under translation on that can share a look-up through `base`, and writes it:
 * the group's local is the host address of the first byte, 0 if they must go the slow way. 0 if there are no two.
 */
function share(j: usize, base: u32): usize {
  const group = freeGroup(j, base);
  store<u32>(group, NONE, Jit.gBase);
  store<u32>(group, 0, Jit.gWrite);
  store<i64>(group, 0, Jit.gMoved);
  store<u32>(j, 0, Jit.accesses);
  store<u32>(j, BLOCKS_MAX, Jit.blocksLeft);
  collectBlock(j, <usize>load<u32>(j, Jit.block), recordOf(j), group, base, 0, true);
  if (load<u32>(j, Jit.accesses) < 2) return 0;
  store<u32>(group, base, Jit.gBase);
  const low = load<i64>(group, Jit.gLow);
  pushPointer(j, base >> 3, <i32>low);
  E.set(j, L.LA);
  pushHostOrZero(j, <i32>(load<i64>(group, Jit.gHigh) - low), load<u32>(group, Jit.gWrite) != 0);
  E.set(j, hostLocal(j, group));
  return group;
}

/**
 * Adds the accesses of a block from `rec` on, and of those that only it leads to. Where it is not `certain` that they will come,
 * none of them makes a look-up one for writing, which might find a page that can only be read.
 */
function collectBlock(j: usize, b: usize, rec: usize, group: usize, base: u32, moved: i64, certain: bool): void {
  const end = load<u32>(b, Jit.bEnd);
  const branches = load<u32>(b, Jit.bTerm) != Jit.TERM_FALL && leadsOn(b);
  while (!branches || behind(rec) < end) {
    const move = collect(j, group, rec, base, moved, certain);
    if (move == NOT_CONSTANT) return;
    moved += move;
    if (behind(rec) >= end) break;
    rec = recordAt(j, behind(rec));
    if (rec == 0 || <i32>load<u16>(rec, Record.op) == Ops.FENCE) return;
  }
  if (!leadsOn(b)) return;
  collectBehind(j, b, load<i32>(b, Jit.bFall), group, base, moved);
  collectBehind(j, b, load<i32>(b, Jit.bTaken), group, base, moved);
}

function collectBehind(j: usize, from: usize, n: i32, group: usize, base: u32, moved: i64): void {
  const left = load<u32>(j, Jit.blocksLeft);
  if (n < 0 || left == 0) return;
  const b = blockAddress(j, n);
  const pred = load<i32>(b, Jit.bOnlyPred);
  if (pred < 0 || blockAddress(j, pred) != from || load<u32>(b, Jit.bLoop) != 0 || load<u32>(b, Jit.bCount) == 0)
    return;
  store<u32>(j, left - 1, Jit.blocksLeft);
  const rec = recordAt(j, load<u32>(b, Jit.bOffset));
  if (rec == 0 || <i32>load<u16>(rec, Record.op) == Ops.FENCE) return;
  collectBlock(j, b, rec, group, base, moved, false);
}

/** Adds the accesses of an instruction, before which `base` has moved by `moved` bytes; returns by how many it moves it. */
function collect(j: usize, group: usize, rec: usize, base: u32, moved: i64, certain: bool): i64 {
  const entry = entryOf(rec);
  const kind = kindOfRecord(rec);
  const size = accessSize(j, rec, kind, entry);
  if (size != 0 && isPlain(j, rec) && <u32>load<u8>(rec, Record.rm) == base) {
    const write = isWrite(kind, entry);
    if (write && !certain && load<u32>(group, Jit.gWrite) == 0) return NOT_CONSTANT;
    if (!addAccess(j, group, moved + <i64>load<i32>(rec, Record.disp), size, write)) return NOT_CONSTANT;
  }
  const move = moveOf(j, rec, kind, entry, base);
  if (base != <u32>Cpu.rsp) return move;
  return collectStack(j, group, rec, kind, moved, move, certain);
}

/** What is pushed or popped. */
function collectStack(j: usize, group: usize, rec: usize, kind: u32, moved: i64, move: i64, certain: bool): i64 {
  const slot: i64 = 1 << slotSize(j);
  const op = <i32>load<u16>(rec, Record.op);
  const writes = op == Ops.CALL || isPush(kind);
  if (writes && !certain && load<u32>(group, Jit.gWrite) == 0) return NOT_CONSTANT;
  if (op == Ops.CALL) addAccess(j, group, moved - slot, slot, true);
  if (op == Ops.RET) addAccess(j, group, moved, slot, false);
  if (move == NOT_CONSTANT) return move;
  const pops = kind == K.kPopReg;
  if (!pops && !isPush(kind)) return move;
  return addAccess(j, group, pops ? moved : moved + move, slot, !pops) ? move : NOT_CONSTANT;
}

/** Whether a group's look-up is for an access `at` bytes from where its base register points now. */
function covers(group: usize, at: i64, bytes: i32, write: bool): bool {
  if (write && load<u32>(group, Jit.gWrite) == 0) return false;
  const from = load<i64>(group, Jit.gMoved) + at;
  return from >= load<i64>(group, Jit.gLow) && from + bytes <= load<i64>(group, Jit.gHigh);
}

/** The group whose look-up is for an access of the instruction under translation, which is written if there is none yet; 0 = there is none. */
function sharing(j: usize, base: u32, at: i64, bytes: i32, write: bool): usize {
  let group = groupOf(j, base);
  if (group != 0 && covers(group, at, bytes, write)) return group;
  if (group != 0) store<u32>(group, NONE, Jit.gBase);
  group = share(j, base);
  return group != 0 && covers(group, at, bytes, write) ? group : 0;
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
  const disp = load<i32>(rec, Record.disp);
  const group = sharing(j, base, disp, bytes, write);
  if (group == 0) return false;
  ifShared(j, group);
  L.pushCpu(j);
  pushPointer(j, base >> 3, disp);
  endShared(j, group, disp, bytes, write);
  return true;
}

/** Begins a choice of host addresses: the one of a shared look-up, else that of what is written next. */
function ifShared(j: usize, group: usize): void {
  E.get(j, hostLocal(j, group));
  E.ifHinted(j, E.I32, true);
  E.get(j, hostLocal(j, group));
  E.elseThen(j);
}

/** Ends it, with the CPU and the address of an access on the stack: the slow way aims as far before it as the shared look-up. */
function endShared(j: usize, group: usize, disp: i64, bytes: i32, write: bool): void {
  E.i64Const(j, 0);
  callSlowAccess(j, bytes, write);
  const at = <u32>(load<i64>(group, Jit.gMoved) + disp - load<i64>(group, Jit.gLow));
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
  const group = sharing(j, Cpu.rsp, by, bytes, write);
  pushPointer(j, Cpu.rsp >> 3, by);
  E.set(j, L.LA);
  if (group == 0) {
    hostOfRange(j, bytes, write);
    return;
  }
  ifShared(j, group);
  L.pushCpu(j);
  E.get(j, L.LA);
  endShared(j, group, by, bytes, write);
}
