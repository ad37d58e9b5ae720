// Filling and flushing the TLB. Lookups are inline where memory is accessed (cpu/access.ts, translated code).

import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as Tlb from "../layout/tlb";

const PAGE_BASE: u64 = ~0xfff;

export function resetTlb(cpu: usize): void {
  const end = cpu + Cpu.tlbTables + Cpu.TLB_TABLES_SIZE;
  for (let entry = cpu + Cpu.tlbTables; entry < end; entry += Tlb.ENTRY_SIZE) {
    store<u64>(entry, Tlb.TAG_EMPTY, Tlb.tag);
  }
  const last = cpu + Cpu.emptyTlb + Cpu.EMPTY_TLB_SIZE;
  for (let entry = cpu + Cpu.emptyTlb; entry < last; entry += Tlb.ENTRY_SIZE) {
    store<u64>(entry, Tlb.TAG_EMPTY, Tlb.tag);
  }
  store<u32>(cpu, 0, Cpu.tlbUsed);
  newGeneration(cpu);
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
  store<u32>(cpu, 0, Cpu.fetchEvicted);
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

/** Enters a translation in table `table` (set + READ, WRITE or EXECUTE) for the page of `la`, backed by the host page `host`. */
export function fillTlb(cpu: usize, table: usize, la: u64, host: usize, flags: u32): void {
  const entry = cpu + Cpu.tlbTables + table + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if (load<u64>(entry, Tlb.tag) == Tlb.TAG_EMPTY) {
    let used = load<u32>(cpu, Cpu.tlbUsed);
    if (used == Cpu.TLB_LIST_MAX) {
      flushTlb(cpu, false);
      used = 0;
    }
    store<u32>(cpu + Cpu.tlbList + ((<usize>used) << 2), <u32>entry);
    store<u32>(cpu, used + 1, Cpu.tlbUsed);
  } else if (load<u64>(entry, Tlb.tag) != (la & PAGE_BASE) && isFetchEntry(cpu, entry)) {
    store<u32>(cpu, 1, Cpu.fetchEvicted);
  }
  store<u64>(entry, la & PAGE_BASE, Tlb.tag);
  store<u32>(entry, <u32>host - <u32>(la & PAGE_BASE), Tlb.addend);
  store<u32>(entry, flags, Tlb.flags);
}

/** Drops all translations, or all but the global ones. */
export function flushTlb(cpu: usize, keepGlobal: bool): void {
  store<u64>(cpu + Cpu.counters, load<u64>(cpu + Cpu.counters, Counters.tlbFlushes) + 1, Counters.tlbFlushes);
  const list = cpu + Cpu.tlbList;
  const used = load<u32>(cpu, Cpu.tlbUsed);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < used; i++) {
    const entry = <usize>load<u32>(list + ((<usize>i) << 2));
    if (keepGlobal && (load<u32>(entry, Tlb.flags) & Tlb.FLAG_GLOBAL) != 0) {
      store<u32>(list + ((<usize>kept) << 2), <u32>entry);
      kept++;
    } else {
      store<u64>(entry, Tlb.TAG_EMPTY, Tlb.tag);
    }
  }
  store<u32>(cpu, kept, Cpu.tlbUsed);
  if (keepGlobal) newLocalGeneration(cpu);
  else newGeneration(cpu);
}

/** INVLPG: drops the page of `la`, global or not, with every fragment of the large page that it may belong to. */
export function invalidatePage(cpu: usize, la: u64): void {
  const page = la & PAGE_BASE;
  const list = cpu + Cpu.tlbList;
  const used = load<u32>(cpu, Cpu.tlbUsed);
  let kept: u32 = 0;
  // Pages that no code was fetched from are in no jump cache: kernels map and unmap data all the time.
  let fetched = load<u32>(cpu, Cpu.fetchEvicted) != 0;
  for (let i: u32 = 0; i < used; i++) {
    const entry = <usize>load<u32>(list + ((<usize>i) << 2));
    const tag = load<u64>(entry, Tlb.tag);
    const large = (load<u32>(entry, Tlb.flags) & Tlb.FLAG_LARGE) != 0;
    if (tag == page || (large && (tag ^ page) >> 30 == 0)) {
      fetched = fetched || isFetchEntry(cpu, entry);
      store<u64>(entry, Tlb.TAG_EMPTY, Tlb.tag);
    } else {
      store<u32>(list + ((<usize>kept) << 2), <u32>entry);
      kept++;
    }
  }
  store<u32>(cpu, kept, Cpu.tlbUsed);
  if (!fetched) return;
  if (isUpperHalf(la)) newGeneration(cpu);
  else newLocalGeneration(cpu);
}

/** Takes the right to write without a look-up away from every page backed by the host page: it now holds code. */
export function protectHostPage(cpu: usize, hostPage: usize): void {
  const list = cpu + Cpu.tlbList;
  const used = load<u32>(cpu, Cpu.tlbUsed);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < used; i++) {
    const entry = <usize>load<u32>(list + ((<usize>i) << 2));
    if (isWriteEntry(cpu, entry) && <u32>load<u64>(entry, Tlb.tag) + load<u32>(entry, Tlb.addend) == <u32>hostPage) {
      store<u64>(entry, Tlb.TAG_EMPTY, Tlb.tag);
    } else {
      store<u32>(list + ((<usize>kept) << 2), <u32>entry);
      kept++;
    }
  }
  store<u32>(cpu, kept, Cpu.tlbUsed);
}

function isWriteEntry(cpu: usize, entry: usize): bool {
  const offset = (entry - cpu - Cpu.tlbTables) % Tlb.SET_SIZE;
  return offset >= <usize>Tlb.WRITE && offset < <usize>Tlb.EXECUTE;
}

function isFetchEntry(cpu: usize, entry: usize): bool {
  return (entry - cpu - Cpu.tlbTables) % Tlb.SET_SIZE >= <usize>Tlb.EXECUTE;
}
