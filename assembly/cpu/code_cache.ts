// Decoded blocks: found by host address and mode, made when first needed, dropped when somebody writes over their bytes.
// Keyed by host address, they are shared by all address spaces and survive MOV CR3. A jump cache in front is keyed by
// instruction pointer, mode, privilege and TLB generation.

import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import * as MemoryMap from "../layout/memory_map";
import * as Record from "../layout/record";
import * as Exception from "../layout/exception";
import * as Tlb from "../layout/tlb";
import { clearCodeMarks, markCode, pageHasCode } from "../mem/code_marks";
import { isUpperHalf, newGeneration, protectHostPage } from "../mem/tlb";
import { ACCESS_FETCH, translate } from "../mem/walk";
import { ENDS_BLOCK, LOCKED, NEED_MORE, decodeInstruction } from "./decode";
import { MAX_LENGTH } from "./decode_state";
import * as Ops from "./generated/ops";
import { faulted, raise } from "./state";
import { dropTranslation, resetTranslations, translationOf } from "./translations";

const PAGE_BASE: u64 = ~0xfff;
const HASH_MASK: usize = Cpu.BLOCK_HASH_SIZE / 4 - 1;
const JUMP_MASK: usize = Cpu.JUMP_CACHE_SIZE - 16;
/** Never the host address of an instruction. */
const DEAD: u32 = 1;

export function resetCodeCache(cpu: usize): void {
  memory.fill(cpu + Cpu.jumpCache, 0, Cpu.JUMP_CACHE_SIZE);
  memory.fill(cpu + Cpu.blockHash, 0, Cpu.BLOCK_HASH_SIZE);
  memory.fill(cpu + Cpu.pageBlocks, 0, MemoryMap.HOST_PAGES * 4);
  store<u32>(cpu, <u32>(cpu + Cpu.decodeCache), Cpu.decodeNext);
  store<u32>(cpu, <u32>(cpu + Cpu.decodeCache + Cpu.DECODE_CACHE_SIZE), Cpu.decodeEnd);
  newGeneration(cpu);
}

@inline
function count(cpu: usize, counter: usize): void {
  const address = cpu + Cpu.counters + counter;
  store<u64>(address, load<u64>(address) + 1);
}

/** What a jump cache entry is valid for beside its instruction pointer. No entry is for code that is MODE_APART. */
@inline
export function jumpKey(cpu: usize): u32 {
  const user = load<u32>(cpu, Cpu.cpl) == 3;
  const generation = user ? load<u32>(cpu, Cpu.generationUser) : load<u32>(cpu, Cpu.generation);
  const mode = load<u32>(cpu, Cpu.mode);
  return (generation << 6) | mode | (user && (mode & SLOW_USER) == 0 ? SLOW_USER : 0);
}

/** In keys: a user whose accesses do not go by the users' TLB. No entry is for single steps. */
const SLOW_USER: u32 = Record.MODE_USER | Record.MODE_STEP;

@inline
function jumpEntry(cpu: usize, rip: u64): usize {
  return cpu + Cpu.jumpCache + ((<usize>((rip << 4) ^ (rip >> 6))) & JUMP_MASK);
}

/** The jump cache entry for the translation of what is at `rip`. */
@inline
export function translationEntry(cpu: usize, rip: u64): usize {
  return cpu + Cpu.jit + Jit.jumpCache + ((<usize>((rip << 4) ^ (rip >> 6))) & (Jit.JUMP_CACHE_SIZE - 16));
}

/** From now on regions jump directly to the translation in a slot when they go to `rip` under the key in Cpu.jitKey. */
@inline
export function rememberTranslation(cpu: usize, rip: u64, slot: u32): void {
  const entry = translationEntry(cpu, rip);
  store<u64>(entry, rip, Jit.jcRip);
  store<u32>(entry, load<u32>(cpu, Cpu.jitKey), Jit.jcKey);
  store<u32>(entry, slot, Jit.jcSlot);
}

/** First record of the block at Cpu.rip, with Cpu.codePage set to match; 0 = fault raised. */
@inline
export function findBlock(cpu: usize): usize {
  const rip = load<u64>(cpu, Cpu.rip);
  const entry = jumpEntry(cpu, rip);
  if (load<u64>(entry) == rip && load<u32>(entry, 8) == jumpKey(cpu)) {
    store<u64>(cpu, rip & PAGE_BASE, Cpu.codePage);
    return <usize>load<u32>(entry, 12);
  }
  return findBlockSlow(cpu);
}

/**
 * Holds interrupts off for the instruction at Cpu.rip, which must then run alone: no block for it may be found quickly.
 * `kind` is SHADOW_STI, or SHADOW_SS, which holds debug traps off too.
 */
export function startShadow(cpu: usize, kind: u32): void {
  store<u32>(cpu, kind, Cpu.shadow);
  store<u32>(jumpEntry(cpu, load<u64>(cpu, Cpu.rip)), 0, 8);
}

export function findBlockSlow(cpu: usize): usize {
  count(cpu, Counters.jumpCacheMisses);
  const mode = load<u32>(cpu, Cpu.mode);
  const rip = load<u64>(cpu, Cpu.rip);
  let la = rip;
  let left = MemoryMap.PAGE_SIZE;
  if ((mode & Record.MODE_SIZE) != Record.MODE_64) {
    const limit = <u64>load<u32>(cpu, Cpu.csLimit);
    if (rip > limit) return beyondLimit(cpu);
    left = <u32>min<u64>(left, limit - rip + 1);
    la = (rip + load<u64>(cpu, Cpu.csBase)) & 0xffffffff;
  }
  const host = fetchHost(cpu, la);
  if (host == 0) return 0;
  store<u64>(cpu, rip - (la & 0xfff), Cpu.codePage);
  if ((mode & Record.MODE_STEP) != 0 || load<u32>(cpu, Cpu.shadow) != 0) return decodeSingle(cpu, la, host, mode, left);
  const offset = <u32>(la & MemoryMap.PAGE_MASK);
  // Other segments may end elsewhere in the page: its blocks are looked at again each time.
  const cut = left < MemoryMap.PAGE_SIZE - offset;
  const key = cut ? mode | Record.MODE_CUT : mode;
  let rec = lookUp(cpu, host, key);
  if (rec == 0) rec = decodeBlock(cpu, host, key, left);
  if (rec == 0) {
    // The segment may end within the instruction.
    if (offset + left < <u32>MemoryMap.PAGE_SIZE + MAX_LENGTH) return decodeSingle(cpu, la, host, mode, left);
    rec = findStraddling(cpu, la, host, mode);
    if (rec == 0) return 0;
  } else if (cut && !endsWithin(rec, host, left)) {
    return decodeSingle(cpu, la, host, mode, left);
  }
  if (!(mode & Record.MODE_APART)) {
    const last = straddles(rec) ? la + MAX_LENGTH : la;
    if (load<u32>(cpu, Cpu.cpl) != 3 && !(isGlobalKernel(cpu, la) && isGlobalKernel(cpu, last))) {
      store<u32>(cpu, 1, Cpu.kernelLocal);
    }
    const entry = jumpEntry(cpu, rip);
    store<u64>(entry, rip);
    store<u32>(entry, jumpKey(cpu), 8);
    store<u32>(entry, <u32>rec, 12);
  }
  return rec;
}

/** Whether the block with the first record `rec` is an instruction that ends in the next page. */
@inline
function straddles(rec: usize): bool {
  return (load<u32>(rec - Record.HEAD_SIZE, Record.headMode) & Record.MODE_STRADDLING) != 0;
}

/** Whether the block at `rec`, of the code at `host`, has at most `bytes` bytes of code. */
function endsWithin(rec: usize, host: usize, bytes: u32): bool {
  const last = <usize>load<u16>(rec - Record.HEAD_SIZE, Record.headCount) - 1;
  return load<u32>(rec + last * Record.SIZE, Record.imm) - <u32>(host & MemoryMap.PAGE_MASK) <= bytes;
}

function beyondLimit(cpu: usize): usize {
  raise(cpu, Exception.GP, 0);
  return 0;
}

/** Whether the page that supervisor code was just fetched from stays where it is when CR3 changes. */
function isGlobalKernel(cpu: usize, la: u64): bool {
  const entry = cpu + Cpu.tlbTables + Tlb.SUPERVISOR + Tlb.EXECUTE + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  return isUpperHalf(la) && (load<u32>(entry, Tlb.flags) & Tlb.FLAG_GLOBAL) != 0;
}

/** Host address of the instruction byte at `la`; 0 = fault raised. Code in MMIO is refused with #GP. */
function fetchHost(cpu: usize, la: u64): usize {
  const set: usize = load<u32>(cpu, Cpu.cpl) == 3 ? Tlb.USER : Tlb.SUPERVISOR;
  const entry = cpu + Cpu.tlbTables + set + Tlb.EXECUTE + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if ((la & PAGE_BASE) == load<u64>(entry, Tlb.tag)) return <usize>(<u32>la + load<u32>(entry, Tlb.addend));
  const host = translate(cpu, la, ACCESS_FETCH, set);
  if (host == 0 && !faulted(cpu)) raise(cpu, Exception.GP, 0);
  return host;
}

@inline
function bucketOf(cpu: usize, host: usize, mode: u32): usize {
  return cpu + Cpu.blockHash + (((host ^ (host >> 15) ^ ((<usize>mode) << 11)) & HASH_MASK) << 2);
}

/**
 * Whether a branch of its page may go directly to the block at `rec`: in whatever segment and address space it runs, the
 * block is all there.
 */
export function mayBeLinked(rec: usize): bool {
  return (load<u32>(rec - Record.HEAD_SIZE, Record.headMode) & (Record.MODE_CUT | Record.MODE_STRADDLING)) == 0;
}

/** The block at `host`, decoded if need be; 0 if its first instruction leaves the page. Never flushes: see hasRoom. */
export function findOrDecode(cpu: usize, host: usize, mode: u32): usize {
  const rec = lookUp(cpu, host, mode);
  return rec != 0 ? rec : decodeBlock(cpu, host, mode, MemoryMap.PAGE_SIZE);
}

/**
 * The block at `host` if the interpreter has entered it at least `entries` times, or it is hot already; else 0. Decodes
 * nothing.
 */
export function findWarm(cpu: usize, host: usize, mode: u32, entries: i32): usize {
  const rec = lookUp(cpu, host, mode);
  if (rec == 0) return 0;
  const code = load<i32>(rec - Record.HEAD_SIZE, Record.headCode);
  const start = code < Record.CODE_PENDING ? Record.CODE_NEVER : load<i32>(cpu, Cpu.hotStart);
  return isPending(code) || code - start >= entries ? rec : 0;
}

/** Counts the entries of the block at `host` from the start, if it has no translation and may get one. */
export function countAnew(cpu: usize, host: usize, mode: u32): void {
  const rec = lookUp(cpu, host, mode);
  if (rec == 0) return;
  const code = load<i32>(rec - Record.HEAD_SIZE, Record.headCode);
  if (code < 0 && code > Record.CODE_PENDING / 2) {
    store<i32>(rec - Record.HEAD_SIZE, load<i32>(cpu, Cpu.hotStart), Record.headCode);
  }
}

/** The first block of the page of `host`; the others follow by Record.headNextInPage. */
export function blocksOfPage(cpu: usize, host: usize): usize {
  return <usize>load<u32>(cpu + Cpu.pageBlocks + ((host >> MemoryMap.PAGE_SHIFT) << 2));
}

/** Whether a block waits for its batch to be compiled. Entries have been counted on top of CODE_PENDING. */
export function isPending(code: i32): bool {
  return code >= Record.CODE_PENDING && code < Record.CODE_PENDING / 2;
}

/** Whether `bytes` more of records can be made without a flush. */
export function hasRoom(cpu: usize, bytes: u32): bool {
  return load<u32>(cpu, Cpu.decodeNext) + bytes < load<u32>(cpu, Cpu.decodeEnd);
}

/** Where up to `bytes` of heads and records may be written; everything is dropped if there is no room. */
function reserve(cpu: usize, bytes: u32): usize {
  if (!hasRoom(cpu, bytes)) flushCodeCache(cpu);
  return <usize>load<u32>(cpu, Cpu.decodeNext);
}

/** Blocks that straddle pages are not found by this: where they end depends on the address space. */
function lookUp(cpu: usize, host: usize, mode: u32): usize {
  const head = matching(<usize>load<u32>(bucketOf(cpu, host, mode)), host, mode);
  return head != 0 ? head + Record.HEAD_SIZE : 0;
}

/** The first head for `host` and `mode` in a bucket, from `head` on; 0 = there is none. */
@inline
function matching(head: usize, host: usize, mode: u32): usize {
  while (head != 0) {
    if (load<u32>(head, Record.headHost) == <u32>host && load<u32>(head, Record.headMode) == mode) break;
    head = <usize>load<u32>(head, Record.headNextInHash);
  }
  return head;
}

/**
 * Decodes from `host` to a branch, the end of the page, or `left` bytes on, where the code segment ends; 0 if already the first
 * instruction goes beyond.
 */
function decodeBlock(cpu: usize, host: usize, mode: u32, left: u32): usize {
  const head = reserve(cpu, Record.HEAD_SIZE + (Record.MAX_RECORDS + 1) * Record.SIZE);
  const first = head + Record.HEAD_SIZE;
  const end = min<usize>((host | MemoryMap.PAGE_MASK) + 1, host + left);
  let rec = first;
  let at = host;
  while (true) {
    const result = decodeInstruction(
      cpu,
      at,
      <u32>(end - at),
      mode & Record.MODE_DECODE,
      <u32>(at & MemoryMap.PAGE_MASK),
      rec,
    );
    if (result == NEED_MORE) break;
    at += result & 0xff;
    if (result & LOCKED) rec = insertFence(rec);
    rec += Record.SIZE;
    if ((result & ENDS_BLOCK) != 0 || at == end || rec - first >= <usize>((Record.MAX_RECORDS - 1) * Record.SIZE))
      break;
  }
  if (rec == first) return 0;
  writeEnd(rec, <u32>(at - (host & ~(<usize>MemoryMap.PAGE_MASK))));
  enterBlock(cpu, head, host, mode, <u32>((rec - first) / Record.SIZE) + 1, <u32>(at - host));
  store<u32>(cpu, <u32>(rec + Record.SIZE), Cpu.decodeNext);
  return first;
}

/**
 * Puts a FENCE in front of a locking instruction: devices in other threads must see the stores before it, and the loads
 * after it must see theirs (smp_mb() between avail.idx and avail_event). Returns where the instruction is now.
 */
function insertFence(rec: usize): usize {
  memory.copy(rec + Record.SIZE, rec, Record.SIZE);
  store<u16>(rec, <u16>Ops.FENCE, Record.op);
  store<u64>(rec, 0, Record.disp);
  return rec + Record.SIZE;
}

/** An END record: execution goes on at page offset `next`. */
function writeEnd(rec: usize, next: u32): void {
  store<u64>(rec, 0);
  store<u16>(rec, <u16>Ops.END, Record.op);
  store<u32>(rec, 0, Record.disp);
  store<u32>(rec, next, Record.imm);
}

function enterBlock(cpu: usize, head: usize, host: usize, mode: u32, records: u32, bytes: u32): void {
  count(cpu, Counters.blocksDecoded);
  const bucket = bucketOf(cpu, host, mode);
  store<u32>(head, mode, Record.headMode);
  store<u32>(head, load<u32>(bucket), Record.headNextInHash);
  store<u16>(head, <u16>records, Record.headCount);
  store<u8>(head, 0, Record.headJumpedTo);
  store<u8>(head, 0, Record.headMisfits);
  store<u32>(head, 0, Record.headStack);
  store<i32>(head, load<i32>(cpu, Cpu.hotStart), Record.headCode);
  store<u32>(head, 0, Record.headChecked);
  store<u32>(bucket, <u32>head);
  listInPage(cpu, head, host, bytes);
}

/** Whoever writes to the `bytes` at `host` kills the block with this head. */
function listInPage(cpu: usize, head: usize, host: usize, bytes: u32): void {
  const pageList = cpu + Cpu.pageBlocks + ((host >> MemoryMap.PAGE_SHIFT) << 2);
  store<u32>(head, <u32>host, Record.headHost);
  store<u32>(head, load<u32>(pageList), Record.headNextInPage);
  store<u32>(pageList, <u32>head);
  if (!pageHasCode(host)) protectHostPage(cpu, host & ~(<usize>MemoryMap.PAGE_MASK));
  markCode(host, bytes);
}

/** The block of the instruction at `la`, at `host`, that ends in the next page, decoded if need be; 0 = fault raised. */
function findStraddling(cpu: usize, la: u64, host: usize, mode: u32): usize {
  const next = fetchHost(cpu, (la | 0xfff) + 1);
  if (next == 0) return 0;
  const straddling = mode | Record.MODE_STRADDLING;
  let head = matching(<usize>load<u32>(bucketOf(cpu, host, straddling)), host, straddling);
  while (head != 0) {
    if (load<u32>(head - Record.HEAD_SIZE, Record.headHost) == <u32>next) return head + Record.HEAD_SIZE;
    head = matching(<usize>load<u32>(head, Record.headNextInHash), host, straddling);
  }
  return decodeStraddling(cpu, host, next, mode);
}

function decodeStraddling(cpu: usize, host: usize, next: usize, mode: u32): usize {
  const second = reserve(cpu, 2 * Record.HEAD_SIZE + 3 * Record.SIZE);
  const head = second + Record.HEAD_SIZE;
  const first = head + Record.HEAD_SIZE;
  const offset = <u32>(host & MemoryMap.PAGE_MASK);
  const available = MemoryMap.PAGE_SIZE - offset;
  const result = decodeAcross(cpu, host, next, MAX_LENGTH, mode & Record.MODE_DECODE, first);
  const last = endSingle(first, result, offset);
  enterBlock(cpu, head, host, mode | Record.MODE_STRADDLING, <u32>((last - first) / Record.SIZE) + 2, available);
  memory.fill(second, 0, Record.HEAD_SIZE);
  store<u32>(second, Record.MODE_SECOND_PAGE, Record.headMode);
  store<i32>(second, Record.CODE_NEVER, Record.headCode);
  listInPage(cpu, second, next, (result & 0xff) - available);
  store<u32>(cpu, <u32>(last + 2 * Record.SIZE), Cpu.decodeNext);
  return first;
}

/** Decodes an instruction that begins at `host` and goes on in the page at `next`; the segment ends `left` bytes on. */
function decodeAcross(cpu: usize, host: usize, next: usize, left: u32, mode: u32, rec: usize): u32 {
  const offset = <u32>(host & MemoryMap.PAGE_MASK);
  const available = MemoryMap.PAGE_SIZE - offset;
  const bytes = cpu + Cpu.scratch + 128;
  memory.copy(bytes, host, available);
  memory.copy(bytes + available, next, MAX_LENGTH - available);
  return decodeInstruction(cpu, bytes, min<u32>(MAX_LENGTH, left), mode, offset, rec);
}

/** Ends a block of one instruction, as decoded at page offset `offset`; returns the record before its end. */
function endSingle(rec: usize, result: u32, offset: u32): usize {
  const last = (result & LOCKED) != 0 ? insertFence(rec) : rec;
  writeEnd(last + Record.SIZE, offset + (result & 0xff));
  return last;
}

/**
 * One instruction that must not be cached: a trap or an interrupt may follow it, or the code segment ends in it or close behind,
 * `left` bytes on.
 */
function decodeSingle(cpu: usize, la: u64, host: usize, mode: u32, left: u32): usize {
  const rec = cpu + Cpu.scratchRecords;
  const offset = <u32>(la & 0xfff);
  const key = mode & Record.MODE_DECODE;
  const available = min<u32>(MemoryMap.PAGE_SIZE - offset, left);
  let result = decodeInstruction(cpu, host, available, key, offset, rec);
  if (result == NEED_MORE) {
    if (available == left) return beyondLimit(cpu);
    const next = fetchHost(cpu, la + available);
    if (next == 0) return 0;
    result = decodeAcross(cpu, host, next, left, key, rec);
    if (result == NEED_MORE) return beyondLimit(cpu);
  }
  endSingle(rec, result, offset);
  return rec;
}

/** Somebody wrote over code in the host page of `host`: its blocks die, also the one that runs, from the next instruction on. */
export function invalidateCode(cpu: usize, host: usize): void {
  count(cpu, Counters.codeInvalidations);
  const pageList = cpu + Cpu.pageBlocks + ((host >> MemoryMap.PAGE_SHIFT) << 2);
  let head = <usize>load<u32>(pageList);
  while (head != 0) {
    killBlock(cpu, head);
    head = <usize>load<u32>(head, Record.headNextInPage);
  }
  store<u32>(pageList, 0);
  clearCodeMarks(host);
  newGeneration(cpu);
}

function killBlock(cpu: usize, listed: usize): void {
  const second = (load<u32>(listed, Record.headMode) & Record.MODE_SECOND_PAGE) != 0;
  const head = second ? listed + Record.HEAD_SIZE : listed;
  // One that straddles pages stays in the list of the other.
  if (load<u32>(head, Record.headHost) == DEAD) return;
  unlinkFromHash(cpu, head);
  const slot = translationOf(head);
  if (slot != 0) dropTranslation(cpu + Cpu.jit, slot);
  store<u32>(head, DEAD, Record.headHost);
  store<i32>(head, Record.CODE_NEVER, Record.headCode);
  store<u32>(head, 0, Record.headChecked);
  let rec = head + Record.HEAD_SIZE;
  for (let left = load<u16>(head, Record.headCount); left != 0; left--) {
    if (load<u16>(rec, Record.op) != Ops.END) store<u16>(rec, <u16>Ops.REDECODE, Record.op);
    rec += Record.SIZE;
  }
}

function unlinkFromHash(cpu: usize, head: usize): void {
  let link = bucketOf(cpu, load<u32>(head, Record.headHost), load<u32>(head, Record.headMode));
  while (load<u32>(link) != 0) {
    if (load<u32>(link) == <u32>head) {
      store<u32>(link, load<u32>(head, Record.headNextInHash));
      return;
    }
    link = <usize>load<u32>(link) + Record.headNextInHash;
  }
}

/** Drops everything. Only between blocks: the records' memory is used again. */
export function flushCodeCache(cpu: usize): void {
  count(cpu, Counters.decodeFlushes);
  for (let page: usize = 0; page < <usize>MemoryMap.HOST_PAGES; page++) {
    if (load<u32>(cpu + Cpu.pageBlocks + (page << 2)) != 0) clearCodeMarks(page << MemoryMap.PAGE_SHIFT);
  }
  resetCodeCache(cpu);
  dropTranslations(cpu);
}

/** All that was translated is out of reach, and the batch (jit/translator.ts) names heads that are gone. */
export function dropTranslations(cpu: usize): void {
  resetTranslations(cpu + Cpu.jit);
  emptyBatch(cpu + Cpu.jit);
}

export function emptyBatch(j: usize): void {
  store<u32>(j, 0, Jit.batchCount);
  store<u32>(j, 0, Jit.batchAge);
  store<u32>(j, <u32>(j + Jit.bodies), Jit.batchEnd);
}
