// Filling and flushing the TLB. Lookups are inline where memory is accessed (cpu/access.ts, translated code).

import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as Tlb from "../layout/tlb";

const PAGE_BASE: u64 = ~0xfff;

export function resetTlb(cpu: usize): void {
  const end = cpu + Cpu.tlbTables + Cpu.TLB_TABLES_SIZE;
  for (let entry = cpu + Cpu.tlbTables; entry < end; entry += Tlb.ENTRY_SIZE) {
    store<u64>(entry, Tlb.TAG_EMPTY, Tlb.tag);
    store<u32>(entry, 0, Tlb.flags);
  }
  const last = cpu + Cpu.emptyTlb + Cpu.EMPTY_TLB_SIZE;
  for (let entry = cpu + Cpu.emptyTlb; entry < last; entry += Tlb.ENTRY_SIZE) {
    store<u64>(entry, Tlb.TAG_EMPTY, Tlb.tag);
  }
  store<u32>(cpu, 0, Cpu.tlbUsed);
  store<u32>(cpu, 0, Cpu.tlbGlobals);
  memory.fill(cpu + Cpu.largeRegions, 0, Cpu.TLB_BITS_SIZE);
  newGeneration(cpu);
}

// Sets of 4096 bits.

const BITS_MASK: u64 = Cpu.TLB_BITS_SIZE * 8 - 1;

@inline
function hasBit(bits: usize, n: u64): bool {
  return ((load<u8>(bits + ((<usize>(n & BITS_MASK)) >> 3)) >> ((<u8>n) & 7)) & 1) != 0;
}

@inline
function setBit(bits: usize, n: u64): void {
  const byte = bits + ((<usize>(n & BITS_MASK)) >> 3);
  store<u8>(byte, load<u8>(byte) | ((<u8>1) << ((<u8>n) & 7)));
}

function isAnySet(bits: usize): bool {
  let any: u64 = 0;
  for (let at: usize = 0; at < <usize>Cpu.TLB_BITS_SIZE; at += 8) any |= load<u64>(bits + at);
  return any != 0;
}

/** Where kernels have their own code: the upper half of 64-bit or of 32-bit addresses. */
@inline
export function isUpperHalf(la: u64): bool {
  return <i64>la < 0 || la >> 31 == 1;
}

/** Makes every jump cache entry stale. */
export function newGeneration(cpu: usize): void {
  store<u32>(cpu, load<u32>(cpu, Cpu.generation) + 1, Cpu.generation);
  store<u32>(cpu, 0, Cpu.kernelLocal);
  memory.fill(cpu + Cpu.fetchEvicted, 0, Cpu.TLB_BITS_SIZE);
  newUserGeneration(cpu);
}

@inline
function newUserGeneration(cpu: usize): void {
  store<u32>(cpu, load<u32>(cpu, Cpu.generationUser) + 1, Cpu.generationUser);
}

/** The same, but for supervisor code in global pages of the upper half: most of every kernel. */
function newLocalGeneration(cpu: usize): void {
  if (load<u32>(cpu, Cpu.kernelLocal) != 0) newGeneration(cpu);
  else newUserGeneration(cpu);
}

// Entries in use are listed, each once at most: those of this address space from the start of Cpu.tlbList on, global ones from its
// end on. One that is emptied stays where it is listed.

const LIST_MAX: u32 = Cpu.TLB_LIST_MAX;
const IN_LISTS: u32 = Tlb.LISTED | Tlb.LISTED_GLOBAL;

@inline
function listed(cpu: usize, i: u32): usize {
  return <usize>load<u32>(cpu + Cpu.tlbList + ((<usize>i) << 2));
}

/** The first index to look at from `i` on, in both lists; TLB_LIST_MAX behind the last one. */
@inline
function inLists(cpu: usize, i: u32): u32 {
  const globals = LIST_MAX - load<u32>(cpu, Cpu.tlbGlobals);
  return i >= load<u32>(cpu, Cpu.tlbUsed) && i < globals ? globals : i;
}

/** Lists an entry that is about to be filled. */
function list(cpu: usize, entry: usize, isGlobal: bool): void {
  let used = load<u32>(cpu, Cpu.tlbUsed);
  let globals = load<u32>(cpu, Cpu.tlbGlobals);
  if (used + globals == LIST_MAX) {
    flushTlb(cpu, false);
    used = 0;
    globals = 0;
  }
  const i = isGlobal ? LIST_MAX - 1 - globals : used;
  store<u32>(cpu + Cpu.tlbList + ((<usize>i) << 2), <u32>entry);
  if (isGlobal) store<u32>(cpu, globals + 1, Cpu.tlbGlobals);
  else store<u32>(cpu, used + 1, Cpu.tlbUsed);
}

@inline
function empty(entry: usize): void {
  store<u64>(entry, Tlb.TAG_EMPTY, Tlb.tag);
  store<u32>(entry, load<u32>(entry, Tlb.flags) & IN_LISTS, Tlb.flags);
}

/** Enters a translation in table `table` (set + READ, WRITE or EXECUTE) for the page of `la`, backed by the host page `host`. */
export function fillTlb(cpu: usize, table: usize, la: u64, host: usize, flags: u32): void {
  const entry = cpu + Cpu.tlbTables + table + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  const old = load<u64>(entry, Tlb.tag);
  if (old != Tlb.TAG_EMPTY && old != (la & PAGE_BASE) && isFetchEntry(cpu, entry)) {
    setBit(cpu + Cpu.fetchEvicted, la >> 12);
  }
  const isGlobal = (flags & Tlb.FLAG_GLOBAL) != 0;
  const where: u32 = isGlobal ? Tlb.LISTED_GLOBAL : Tlb.LISTED;
  if ((load<u32>(entry, Tlb.flags) & where) == 0) list(cpu, entry, isGlobal);
  // Not before list(), which forgets all regions when it flushes.
  if (flags & Tlb.FLAG_LARGE) setBit(cpu + Cpu.largeRegions, la >> 30);
  store<u64>(entry, la & PAGE_BASE, Tlb.tag);
  store<u32>(entry, <u32>host - <u32>(la & PAGE_BASE), Tlb.addend);
  store<u32>(entry, flags | where | (load<u32>(entry, Tlb.flags) & IN_LISTS), Tlb.flags);
}

/** Drops all translations, or all but the global ones. */
export function flushTlb(cpu: usize, keepGlobal: bool): void {
  store<u64>(cpu + Cpu.counters, load<u64>(cpu + Cpu.counters, Counters.tlbFlushes) + 1, Counters.tlbFlushes);
  const used = load<u32>(cpu, Cpu.tlbUsed);
  for (let i: u32 = 0; i < used; i++) {
    const entry = listed(cpu, i);
    if (!keepGlobal || (load<u32>(entry, Tlb.flags) & Tlb.FLAG_GLOBAL) == 0) empty(entry);
    store<u32>(entry, load<u32>(entry, Tlb.flags) & ~Tlb.LISTED, Tlb.flags);
  }
  store<u32>(cpu, 0, Cpu.tlbUsed);
  if (keepGlobal) {
    newLocalGeneration(cpu);
    return;
  }
  for (let i = inLists(cpu, 0); i < LIST_MAX; i++) {
    empty(listed(cpu, i));
    store<u32>(listed(cpu, i), 0, Tlb.flags);
  }
  store<u32>(cpu, 0, Cpu.tlbGlobals);
  memory.fill(cpu + Cpu.largeRegions, 0, Cpu.TLB_BITS_SIZE);
  newGeneration(cpu);
}

/** INVLPG: drops the page of `la`, global or not, with every fragment of the large page that it may belong to. */
export function invalidatePage(cpu: usize, la: u64): void {
  const fetched = hasBit(cpu + Cpu.largeRegions, la >> 30) ? dropLarge(cpu, la) : dropSmall(cpu, la);
  // Pages that no code was fetched from are in no jump cache: kernels map and unmap data all the time.
  if (!fetched) return;
  if (isUpperHalf(la)) newGeneration(cpu);
  else newLocalGeneration(cpu);
}

/** Drops a page that is part of no large one; whether code may have been fetched from it. */
function dropSmall(cpu: usize, la: u64): bool {
  const tables = cpu + Cpu.tlbTables + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  let fetched = hasBit(cpu + Cpu.fetchEvicted, la >> 12);
  for (let table: usize = 0; table < <usize>Cpu.TLB_TABLES_SIZE; table += <usize>Tlb.WRITE) {
    const entry = tables + table;
    if (load<u64>(entry, Tlb.tag) != (la & PAGE_BASE)) continue;
    fetched = fetched || isFetchEntry(cpu, entry);
    empty(entry);
  }
  return fetched;
}

/** Drops a page and all parts of large ones in the same GiB; whether code may have been fetched from them. */
function dropLarge(cpu: usize, la: u64): bool {
  const page = la & PAGE_BASE;
  let fetched = isAnySet(cpu + Cpu.fetchEvicted);
  for (let i = inLists(cpu, 0); i < LIST_MAX; i = inLists(cpu, i + 1)) {
    const entry = listed(cpu, i);
    const tag = load<u64>(entry, Tlb.tag);
    const large = (load<u32>(entry, Tlb.flags) & Tlb.FLAG_LARGE) != 0;
    if (tag != page && !(large && (tag ^ page) >> 30 == 0)) continue;
    fetched = fetched || isFetchEntry(cpu, entry);
    empty(entry);
  }
  return fetched;
}

/** Takes the right to write without a look-up away from every page backed by the host page: it now holds code. */
export function protectHostPage(cpu: usize, hostPage: usize): void {
  for (let i = inLists(cpu, 0); i < LIST_MAX; i = inLists(cpu, i + 1)) {
    const entry = listed(cpu, i);
    if (isWriteEntry(cpu, entry) && <u32>load<u64>(entry, Tlb.tag) + load<u32>(entry, Tlb.addend) == <u32>hostPage) {
      empty(entry);
    }
  }
}

function isWriteEntry(cpu: usize, entry: usize): bool {
  const offset = (entry - cpu - Cpu.tlbTables) % Tlb.SET_SIZE;
  return offset >= <usize>Tlb.WRITE && offset < <usize>Tlb.EXECUTE;
}

function isFetchEntry(cpu: usize, entry: usize): bool {
  return (entry - cpu - Cpu.tlbTables) % Tlb.SET_SIZE >= <usize>Tlb.EXECUTE;
}
