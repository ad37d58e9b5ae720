// Finds a region: the basic blocks that direct branches reach from a hot instruction without leaving its page.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as Record from "../layout/record";
import { blocksOfPage, findOrDecode, findWarm } from "../cpu/code_cache";
import * as Ops from "../cpu/generated/ops";
import { isRegister, segmentOf } from "../cpu/operand";
import * as K from "../cpu/generated/kinds";

/** Instructions after which no further block is taken in. */
const SIZE_WANTED: u32 = 180;
/** Entries of a block from which on it is taken in. */
const WARM_ENTRIES: i32 = 32;
export const PAGE: u32 = 4096;

export function recordAt(j: usize, offset: u32): usize {
  return <usize>load<u32>(j + Jit.recordAt + ((<usize>offset) << 2));
}

/** The same, behind the fence that a locking instruction has before it. */
export function instructionAt(j: usize, offset: u32): usize {
  const rec = recordAt(j, offset);
  return opOf(rec) == Ops.FENCE ? rec + Record.SIZE : rec;
}

/** Page offset of what follows an instruction. */
@inline
export function behind(rec: usize): u32 {
  const where = <u32>load<u16>(rec, Record.where);
  return (where & 0xfff) + (where >> 12);
}

/** Address of basic block n. */
@inline
export function blockAddress(j: usize, n: u32): usize {
  return j + Jit.blocks + <usize>n * Jit.BLOCK_SIZE;
}

/** The block that starts at a page offset, -1 = none. */
export function blockAtOffset(j: usize, offset: u32): i32 {
  return <i32>load<u16>(j + Jit.blockAt + ((<usize>offset) << 1)) - 1;
}

/** The block that the region begins with. */
export function firstBlock(j: usize): i32 {
  return blockAtOffset(j, load<u32>(j, Jit.startOffset));
}

@inline
function opOf(rec: usize): i32 {
  return <i32>load<u16>(rec, Record.op);
}

/** Whether an instruction is a branch that the run loop has inline, and which TERM_ it is; TERM_FALL if none. */
function terminatorOf(rec: usize): u32 {
  const term = terminatorOfOp(opOf(rec));
  if (term == Jit.TERM_END && isQuick(rec)) return Jit.TERM_QUICK;
  if (term < <u32>Jit.TERM_JCC || term > <u32>Jit.TERM_CALL_RM) return term;
  // The interpreter does branches with a 16-bit operand, and those through the code segment.
  if (load<u8>(rec, Record.reg) == 1) return Jit.TERM_OUT;
  const indirect = term >= <u32>Jit.TERM_JMP_RM && !isRegister(rec);
  return indirect && segmentOf(rec) == Cpu.CS + 1 ? Jit.TERM_OUT : term;
}

/** Whether an instruction that ends its block is mostly done at once: of string instructions, those of whole address spaces. */
function isQuick(rec: usize): bool {
  const kind = kindOfRecord(rec);
  if (kind != K.kMovs && kind != K.kStos) return kind >= K.FIRST_QUICK_END && kind < K.FIRST_VECTOR;
  const misc = load<u8>(rec, Record.misc);
  return misc == <u8>Record.FORM_MEM64 || misc == <u8>Record.FORM_MEM32;
}

function terminatorOfOp(op: i32): u32 {
  if (op >= Ops.JCC0 && op <= Ops.JCC15) return Jit.TERM_JCC;
  if (op == Ops.JMP) return Jit.TERM_JMP;
  if (op == Ops.CALL) return Jit.TERM_CALL;
  if (op == Ops.RET) return Jit.TERM_RET;
  if (op == Ops.JMP_RM) return Jit.TERM_JMP_RM;
  if (op == Ops.CALL_RM) return Jit.TERM_CALL_RM;
  if (op == Ops.UNDEFINED || op == Ops.REDECODE) return Jit.TERM_OUT;
  return op >= Ops.FIRST_END ? Jit.TERM_END : Jit.TERM_FALL;
}

/**
 * Collects the region that starts with the block `head`; `follow` says how far it reaches (Jit.FOLLOW_). Returns false
 * if not even its first instruction can be translated, or callees were to be followed and it became too large.
 */
export function findRegion(cpu: usize, j: usize, head: usize, follow: u32): bool {
  const host = <usize>load<u32>(head, Record.headHost);
  const mode = load<u32>(head, Record.headMode) & Record.MODE_KEY;
  store<u32>(j, <u32>head + Record.HEAD_SIZE, Jit.startRecord);
  store<u32>(j, follow, Jit.follow);
  store<u32>(j, 0, Jit.cutOff);
  memory.fill(j + Jit.recordAt, 0, 0x8000);
  store<u32>(j, <u32>(host & ~(<usize>0xfff)), Jit.pageHost);
  store<u32>(j, <u32>(host & 0xfff), Jit.startOffset);
  store<u32>(j, 0, Jit.regionSize);
  store<u32>(j, 0, Jit.blockCount);
  store<u32>(j, mode, Jit.mode);
  const start = <u32>(host & 0xfff);
  let pending: u32 = 0;
  store<u16>(j + Jit.worklist, <u16>start);
  store<u8>(j + Jit.leader + start, 1);
  pending = 1;
  // Breadth first, so that what is near the entry comes in before the size is used up.
  for (let next: u32 = 0; next < pending && next < <u32>(Jit.MAX_BLOCKS - 1); next++) {
    if (next != 0 && isFull(j)) break;
    const offset = <u32>load<u16>(j + Jit.worklist + ((<usize>next) << 1));
    pending = walk(cpu, j, offset, mode, pending);
  }
  if (recordAt(j, start) == 0) return false;
  if (follow == Jit.FOLLOW_CALLS && load<u32>(j, Jit.cutOff) != 0) return false;
  return makeBlocks(j);
}

/** Whether no more is taken in. */
function isFull(j: usize): bool {
  if (load<u32>(j, Jit.regionSize) < SIZE_WANTED) return false;
  store<u32>(j, 1, Jit.cutOff);
  return true;
}

/** Walks the records from `offset` to a branch or to what was walked before; returns the new length of the worklist. */
function walk(cpu: usize, j: usize, offset: u32, mode: u32, pending: u32): u32 {
  let certain = false;
  while (offset < PAGE) {
    if (recordAt(j, offset) != 0) {
      markLeader(j, offset);
      return pending;
    }
    let rec = findBlock(cpu, j, offset, mode, certain);
    if (rec == 0) return pending;
    while (opOf(rec) != Ops.END) {
      const where = <u32>load<u16>(rec, Record.where);
      offset = where & 0xfff;
      if (recordAt(j, offset) != 0 && opOf(rec) != Ops.FENCE) {
        // Known already, unless it is the instruction behind the fence that was just put there.
        if (opOf(recordAt(j, offset)) != Ops.FENCE || recordAt(j, offset) + Record.SIZE != rec) {
          markLeader(j, offset);
          return pending;
        }
      } else {
        store<u32>(j + Jit.recordAt + ((<usize>offset) << 2), <u32>rec);
        store<u32>(j, load<u32>(j, Jit.regionSize) + 1, Jit.regionSize);
      }
      const term = terminatorOf(rec);
      certain = term == Jit.TERM_END || term == Jit.TERM_QUICK;
      pending = addTargets(cpu, j, rec, term, pending);
      if (continues(rec, term)) {
        const fall = offset + (where >> 12);
        if (fall < PAGE) markLeader(j, fall);
        if (isFull(j)) return pending;
      } else if (term != Jit.TERM_FALL) return pending;
      rec += Record.SIZE;
    }
    offset = load<u32>(rec, Record.imm);
    if (isFull(j)) return pending;
  }
  return pending;
}

/**
 * The decoded block at a page offset, 0 if it is left out: code that was not seen running often stays with the
 * interpreter, since compiling it would cost more than it gains. Most of a kernel's branches lead to such code. `certain`
 * is what follows an instruction that only ends its block.
 */
function findBlock(cpu: usize, j: usize, offset: u32, mode: u32, certain: bool): usize {
  // It may straddle pages: then it is in no place where it could be found.
  if (offset == load<u32>(j, Jit.startOffset)) return <usize>load<u32>(j, Jit.startRecord);
  const host = <usize>load<u32>(j, Jit.pageHost) + offset;
  return certain || load<u32>(cpu, Cpu.jitMode) == Cpu.JIT_FORCE
    ? findOrDecode(cpu, host, mode)
    : findWarm(cpu, host, mode, WARM_ENTRIES);
}

/** Whether execution can go on behind a terminator: also when somebody returns there. */
function continues(rec: usize, term: u32): bool {
  if (term == Jit.TERM_END) return (load<u8>(entryOf(rec), 7) & (<u8>K.EFFECT_LEAVES)) == 0;
  return term == Jit.TERM_JCC || term == Jit.TERM_CALL || term == Jit.TERM_CALL_RM || term == Jit.TERM_QUICK;
}

function markLeader(j: usize, offset: u32): void {
  store<u8>(j + Jit.leader + offset, 1);
}

/** Takes in where a branch leads to. */
function addTargets(cpu: usize, j: usize, rec: usize, term: u32, pending: u32): u32 {
  const follow = load<u32>(j, Jit.follow);
  if (term == Jit.TERM_JCC || term == Jit.TERM_JMP || (term == Jit.TERM_CALL && follow == Jit.FOLLOW_CALLS)) {
    return addTarget(j, load<u32>(rec, Record.imm), pending);
  }
  if (term != Jit.TERM_JMP_RM || follow == Jit.FOLLOW_DIRECT) return pending;
  let head = blocksOfPage(cpu, <usize>load<u32>(j, Jit.pageHost));
  for (; head != 0; head = <usize>load<u32>(head, Record.headNextInPage)) {
    if (isJumpTarget(cpu, j, head)) pending = addTarget(j, load<u32>(head, Record.headHost) & 0xfff, pending);
  }
  return pending;
}

/** Whether an indirect jump was seen to lead to a block. Where nothing was interpreted before, it may have. */
export function isJumpTarget(cpu: usize, j: usize, head: usize): bool {
  if (load<u32>(head, Record.headMode) != load<u32>(j, Jit.mode)) return false;
  return load<u8>(head, Record.headJumpedTo) != 0 || load<u32>(cpu, Cpu.jitMode) == Cpu.JIT_FORCE;
}

function addTarget(j: usize, offset: u32, pending: u32): u32 {
  if (offset >= PAGE || load<u8>(j + Jit.leader + offset) == 2) return pending;
  if (pending >= 2000) return pending;
  store<u8>(j + Jit.leader + offset, 2);
  store<u16>(j + Jit.worklist + ((<usize>pending) << 1), <u16>offset);
  return pending + 1;
}

/** Cuts the walked instructions into basic blocks and connects them. */
function makeBlocks(j: usize): bool {
  let count: u32 = 0;
  for (let offset: u32 = 0; offset < PAGE; offset++) {
    if (load<u8>(j + Jit.leader + offset) == 0 || recordAt(j, offset) == 0) continue;
    if (count == Jit.MAX_BLOCKS) return false;
    store<u16>(j + Jit.blockAt + ((<usize>offset) << 1), <u16>(count + 1));
    store<u32>(blockAddress(j, count), offset, Jit.bOffset);
    count++;
  }
  store<u32>(j, count, Jit.blockCount);
  for (let n: u32 = 0; n < count; n++) finishBlock(j, blockAddress(j, n));
  return true;
}

function finishBlock(j: usize, b: usize): void {
  let offset = load<u32>(b, Jit.bOffset);
  let instructions: u32 = 0;
  let term: u32 = Jit.TERM_FALL;
  let rec: usize = 0;
  store<i32>(b, -1, Jit.bTaken);
  store<i32>(b, -1, Jit.bFall);
  store<i32>(b, -1, Jit.bReturn);
  while (true) {
    rec = instructionAt(j, offset);
    term = terminatorOf(rec);
    if (term == Jit.TERM_OUT) break;
    instructions++;
    offset = behind(rec);
    if (term != Jit.TERM_FALL) break;
    if (offset >= PAGE || recordAt(j, offset) == 0) break;
    if (load<u8>(j + Jit.leader + offset) != 0) break;
  }
  store<u32>(b, instructions, Jit.bCount);
  store<u32>(b, term, Jit.bTerm);
  store<u32>(b, <u32>rec, Jit.bTermRecord);
  store<u32>(b, offset, Jit.bEnd);
  if (term == Jit.TERM_JCC || term == Jit.TERM_JMP) store<i32>(b, successor(j, load<u32>(rec, Record.imm)), Jit.bTaken);
  if (term == Jit.TERM_FALL || continues(rec, term)) store<i32>(b, successor(j, offset), Jit.bFall);
}

export function successor(j: usize, offset: u32): i32 {
  return offset < PAGE ? blockAtOffset(j, offset) : -1;
}

/** Address of the kind entry of an operation (generated/kinds.ts). */
@inline
export function kindOf(op: i32): usize {
  return K.KINDS + <usize>op * K.KIND_SIZE;
}

/** The kind entry of a record's operation. */
@inline
export function entryOf(rec: usize): usize {
  return kindOf(opOf(rec));
}

@inline
export function kindOfRecord(rec: usize): u32 {
  return <u32>load<u8>(entryOf(rec));
}

// What the entry of a vector or x87 instruction tells its translation (tools/isa/vectors.mjs, x87.mjs).

@inline
export function opcodeOf(entry: usize): u32 {
  return load<u8>(entry, 3);
}

@inline
export function argOf(entry: usize): u32 {
  return load<u8>(entry, 4);
}

/** Log2 of the bytes of a vector instruction's memory operand. */
@inline
export function memorySize(entry: usize): u32 {
  return load<u8>(entry, 2) & 15;
}
