// The page map: guest page -> host page, as EPT does under KVM. Pages of RAM get a host page on first touch.

import * as Machine from "../layout/machine";
import * as MemoryMap from "../layout/memory_map";
import * as PageMap from "../layout/page_map";
import { acquire, allocatePage, release } from "./pool";

/** Address of the entry of guest page `page`, or 0 outside the map. */
@inline
function entryAddress(m: usize, page: u64): usize {
  if (page >= <u64>load<u32>(m, Machine.pageMapEntries)) return 0;
  return <usize>load<u32>(m, Machine.pageMap) + ((<usize>page) << 2);
}

/** Whether a guest page lies in RAM, mapped or not. */
function isRam(m: usize, page: u64): bool {
  if (page < <u64>load<u32>(m, Machine.lowRamEnd))
    return <u32>page - <u32>MemoryMap.VGA_PAGE >= <u32>MemoryMap.VGA_PAGES;
  return page >= 0x100000 && page < <u64>load<u32>(m, Machine.highRamEnd);
}

/**
 * The entry of the guest page of `gpa`, mapping it if it is RAM that was never touched.
 * Without PRESENT in the result the address is MMIO, or (never in practice) the pool is empty.
 */
export function pageEntry(m: usize, gpa: u64): u32 {
  const page = gpa >> MemoryMap.PAGE_SHIFT;
  const address = entryAddress(m, page);
  if (address == 0) return PageMap.MMIO;
  const entry = atomic.load<u32>(address);
  if (entry != 0) return entry;
  return isRam(m, page) ? mapPage(m, address) : PageMap.MMIO;
}

function mapPage(m: usize, address: usize): u32 {
  acquire(m + Machine.pageMapLock);
  let entry = load<u32>(address);
  if (entry == 0) {
    const host = allocatePage();
    if (host != 0) {
      entry = (<u32>host) | PageMap.PRESENT;
      atomic.store<u32>(address, entry);
      atomic.add<u32>(m + Machine.mappedPages, 1);
    }
  }
  release(m + Machine.pageMapLock);
  return entry;
}

/**
 * Takes the page of `gpa` out of the map and returns its host address, 0 if there was none to take: no RAM, never
 * touched, or memory of a device. The next touch maps a fresh page. The old one may be freed when no CPU can reach it.
 */
export function unmapPage(m: usize, gpa: u64): usize {
  const page = gpa >> MemoryMap.PAGE_SHIFT;
  const address = entryAddress(m, page);
  if (address == 0 || !isRam(m, page)) return 0;
  acquire(m + Machine.pageMapLock);
  const entry = load<u32>(address);
  const mine = (entry & MemoryMap.PAGE_MASK) == PageMap.PRESENT;
  if (mine) {
    atomic.store<u32>(address, 0);
    atomic.sub<u32>(m + Machine.mappedPages, 1);
  }
  release(m + Machine.pageMapLock);
  return mine ? <usize>(entry & ~MemoryMap.PAGE_MASK) : 0;
}

/** Host address of the byte at `gpa` for reading, or 0 where there is no memory. */
@inline
export function hostForRead(m: usize, gpa: u64): usize {
  const entry = pageEntry(m, gpa);
  if (!(entry & PageMap.PRESENT)) return 0;
  return <usize>(entry & ~MemoryMap.PAGE_MASK) + <usize>(gpa & MemoryMap.PAGE_MASK);
}

/** The same for writing; 0 for read-only pages too. */
@inline
export function hostForWrite(m: usize, gpa: u64): usize {
  const entry = pageEntry(m, gpa);
  if ((entry & (PageMap.PRESENT | PageMap.READ_ONLY)) != PageMap.PRESENT) return 0;
  return <usize>(entry & ~MemoryMap.PAGE_MASK) + <usize>(gpa & MemoryMap.PAGE_MASK);
}
