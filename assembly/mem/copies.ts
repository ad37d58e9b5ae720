// Copies of pages, on which a piece of code runs as often as somebody wants to know what it does (jit/check.ts): while
// Cpu.slow says SLOW_COPIES, no access to data reaches the guest's memory. The TLB is Cpu.emptyTlb then, filled with copies.

import * as Check from "../layout/check";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as MemoryMap from "../layout/memory_map";
import * as Tlb from "../layout/tlb";
import { pageHasCode } from "./code_marks";
import { ACCESS_WRITE, dataSet } from "./walk";

const PAGE_BASE: u64 = ~0xfff;

/**
 * Host address in the copy of a page for what an access found in memory (`host`, 0 for MMIO). 0 = it cannot be made on
 * copies: to devices, over code, or to one page more than there is room for.
 */
export function hostInCopy(cpu: usize, la: u64, host: usize, access: u32, set: usize): usize {
  if (load<i32>(cpu, Cpu.excVector) >= 0) return 0;
  const page = host & ~(<usize>MemoryMap.PAGE_MASK);
  if (host == 0 || (access == ACCESS_WRITE && pageHasCode(page))) return refuse(cpu);
  const n = indexOf(cpu, la, page);
  if (n < 0) return refuse(cpu);
  const copy = cpu + <usize>load<u32>(cpu, Check.copies) + ((<usize>n) << MemoryMap.PAGE_SHIFT);
  if (set == dataSet(cpu)) {
    fill(cpu, la, copy, Tlb.READ);
    if (access == ACCESS_WRITE) fill(cpu, la, copy, Tlb.WRITE);
  }
  return copy + (host & MemoryMap.PAGE_MASK);
}

function refuse(cpu: usize): usize {
  store<i32>(cpu, Exception.REFUSED, Cpu.excVector);
  return 0;
}

/** Number of the copies of a host page, which are made if there are none; -1 = there is no room. */
function indexOf(cpu: usize, la: u64, page: usize): i32 {
  const count = load<u32>(cpu, Check.pages);
  for (let n: u32 = 0; n < count; n++) {
    if (load<u32>(cpu + Check.pageList + <usize>n * Check.PAGE_ENTRY, 8) == <u32>page) return n;
  }
  if (count == Check.PAGES_MAX) return -1;
  const entry = cpu + Check.pageList + <usize>count * Check.PAGE_ENTRY;
  store<u64>(entry, la & PAGE_BASE);
  store<u32>(entry, <u32>page, 8);
  const at = cpu + ((<usize>count) << MemoryMap.PAGE_SHIFT);
  memory.copy(at + Check.originals, page, MemoryMap.PAGE_SIZE);
  memory.copy(at + Check.translated, at + Check.originals, MemoryMap.PAGE_SIZE);
  memory.copy(at + Check.interpreted, at + Check.originals, MemoryMap.PAGE_SIZE);
  store<u32>(cpu, count + 1, Check.pages);
  return count;
}

function fill(cpu: usize, la: u64, copy: usize, table: usize): void {
  const entry = cpu + Cpu.emptyTlb + table + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if (load<u64>(entry, Tlb.tag) == Tlb.TAG_EMPTY) {
    const count = load<u32>(cpu, Check.entries);
    if (count == Check.ENTRIES_MAX) return;
    store<u32>(cpu + Check.entryList + ((<usize>count) << 2), <u32>entry);
    store<u32>(cpu, count + 1, Check.entries);
  }
  store<u64>(entry, la & PAGE_BASE, Tlb.tag);
  store<u32>(entry, <u32>copy - <u32>(la & PAGE_BASE), Tlb.addend);
}

/** Leaves Cpu.emptyTlb empty. */
export function forgetCopies(cpu: usize): void {
  const count = load<u32>(cpu, Check.entries);
  for (let n: u32 = 0; n < count; n++) {
    store<u64>(<usize>load<u32>(cpu + Check.entryList + ((<usize>n) << 2)), Tlb.TAG_EMPTY, Tlb.tag);
  }
  store<u32>(cpu, 0, Check.entries);
}

/** Makes the copies at `copies` (Check.translated or Check.interpreted) what the pages were at first, and uses them. */
export function useCopies(cpu: usize, copies: usize): void {
  forgetCopies(cpu);
  store<u32>(cpu, <u32>copies, Check.copies);
  memory.copy(cpu + copies, cpu + Check.originals, (<usize>load<u32>(cpu, Check.pages)) << MemoryMap.PAGE_SHIFT);
}

/** Whether both have written the same. */
export function copiesAgree(cpu: usize): bool {
  const bytes = (<usize>load<u32>(cpu, Check.pages)) << MemoryMap.PAGE_SHIFT;
  return memory.compare(cpu + Check.translated, cpu + Check.interpreted, bytes) == 0;
}
