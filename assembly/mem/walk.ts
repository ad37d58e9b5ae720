// Page walks: linear address -> host page, for all paging modes, with permissions and accessed/dirty bits
// (Intel SDM vol. 3, chapter 4). A walk fills the TLB; the result for the caller is a host address.

import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Machine from "../layout/machine";
import * as MemoryMap from "../layout/memory_map";
import * as PageMap from "../layout/page_map";
import * as Tlb from "../layout/tlb";
import { pageHasCode } from "./code_marks";
import { hostForWrite, pageEntry } from "./page_map";
import { fillTlb } from "./tlb";

export const ACCESS_READ: u32 = 0;
export const ACCESS_WRITE: u32 = 1;
export const ACCESS_FETCH: u32 = 2;

const CR0_PG: u64 = 0x80000000;
const CR0_WP: u64 = 1 << 16;
const CR4_PSE: u64 = 1 << 4;
const CR4_PAE: u64 = 1 << 5;
const CR4_PGE: u64 = 1 << 7;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;
const EFER_LMA: u64 = 1 << 10;
const EFER_NXE: u64 = 1 << 11;
const EFLAGS_AC: u32 = 1 << 18;

const P: u64 = 1;
const RW: u64 = 2;
const US: u64 = 4;
const ACCESSED: u64 = 0x20;
const DIRTY: u64 = 0x40;
const PS: u64 = 0x80;
const GLOBAL: u64 = 0x100;
const NX: u64 = (<u64>1) << 63;
/** Physical address bits 51-12; bits 51-46 are reserved, since CPUID announces 46 bits. */
const ADDRESS: u64 = 0x000ffffffffff000;
const RESERVED_HIGH: u64 = 0x000fc00000000000;
/** Bits 62-52 are ignored in IA-32e mode, and reserved in PAE paging outside it. */
const RESERVED_PAE: u64 = 0x7ff0000000000000;
const A20: u64 = 0x100000;

/** Whether `la` is canonical for 48-bit linear addresses. */
@inline
export function isCanonical(la: u64): bool {
  return <u64>((<i64>(la << 16)) >> 16) == la;
}

function pageFault(cpu: usize, la: u64, access: u32, user: bool, code: u32): usize {
  if (load<i32>(cpu, Cpu.excVector) >= 0) return 0;
  let error = code | (user ? Exception.PF_USER : 0);
  if (access == ACCESS_WRITE) error |= Exception.PF_WRITE;
  const nx = (load<u64>(cpu, Cpu.efer) & EFER_NXE) != 0 && (load<u64>(cpu, Cpu.cr4) & CR4_PAE) != 0;
  if (access == ACCESS_FETCH && (nx || (load<u64>(cpu, Cpu.cr4) & CR4_SMEP) != 0)) error |= Exception.PF_FETCH;
  store<u64>(cpu, la, Cpu.cr2);
  store<i32>(cpu, Exception.PF, Cpu.excVector);
  store<u32>(cpu, error, Cpu.excError);
  count(cpu, Counters.pageFaults);
  return 0;
}

@inline
function count(cpu: usize, counter: usize): void {
  const address = cpu + Cpu.counters + counter;
  store<u64>(address, load<u64>(address) + 1);
}

/**
 * Host address of the byte at linear address `la`, after a TLB miss. `set` is the TLB set to fill, which decides what is
 * allowed. 0 means either a fault, which has been raised, or MMIO: then excVector is -1 and Cpu.walkGpa has the gpa.
 */
export function translate(cpu: usize, la: u64, access: u32, set: usize): usize {
  if (load<i32>(cpu, Cpu.excVector) >= 0) return 0;
  count(cpu, Counters.tlbMisses);
  const user = set == Tlb.USER;
  if (!(load<u64>(cpu, Cpu.cr0) & CR0_PG)) return finish(cpu, la, la & 0xffffffff, access, set, RW | US | DIRTY, 0);
  count(cpu, Counters.pageWalks);
  if (load<u64>(cpu, Cpu.efer) & EFER_LMA) {
    if (!isCanonical(la)) {
      // Not an address of memory: operand.ts recognises it.
      store<u64>(cpu, la, Cpu.walkGpa);
      store<i32>(cpu, Exception.GP, Cpu.excVector);
      store<u32>(cpu, 0, Cpu.excError);
      return 0;
    }
    return walkWide(cpu, la, access, set, user, 4, load<u64>(cpu, Cpu.cr3) & ADDRESS, RESERVED_HIGH);
  }
  if (load<u64>(cpu, Cpu.cr4) & CR4_PAE) return walkPae(cpu, la & 0xffffffff, access, set, user);
  return walkLegacy(cpu, la & 0xffffffff, access, set, user);
}

/** Reserved bits of a page directory pointer of PAE paging. */
const PDPTE_RESERVED: u64 = 0xffffc000000001e6;

/**
 * Loads the four page directory pointers of PAE paging that CR3 = `cr3` names, as MOV CR3 does (SDM vol. 3, 4.4.1);
 * false, with nothing changed, if one has a reserved bit set.
 */
export function loadDirectoryPointers(cpu: usize, cr3: u64): bool {
  const m = <usize>load<u32>(cpu, Cpu.machine);
  const table = cr3 & 0xffffffe0;
  for (let i: u64 = 0; i < 4; i++) {
    const host = hostForWrite(m, table + (i << 3));
    const entry = host == 0 ? 0 : load<u64>(host);
    if ((entry & P) != 0 && (entry & PDPTE_RESERVED) != 0) return false;
  }
  for (let i: u64 = 0; i < 4; i++) {
    const host = hostForWrite(m, table + (i << 3));
    store<u64>(cpu + <usize>(i << 3), host == 0 ? 0 : load<u64>(host), Cpu.pdpte);
  }
  return true;
}

/** PAE: the four directory pointers have no permission bits. */
function walkPae(cpu: usize, la: u64, access: u32, set: usize, user: bool): usize {
  const entry = load<u64>(cpu + <usize>((la >> 30) << 3), Cpu.pdpte);
  if (!(entry & P)) return pageFault(cpu, la, access, user, 0);
  return walkWide(cpu, la, access, set, user, 2, entry & ADDRESS, RESERVED_HIGH | RESERVED_PAE);
}

/** Levels `level`..1 of 8-byte entries. */
function walkWide(
  cpu: usize,
  la: u64,
  access: u32,
  set: usize,
  user: bool,
  level: u32,
  table: u64,
  reserved: u64,
): usize {
  const m = <usize>load<u32>(cpu, Cpu.machine);
  if (!(load<u64>(cpu, Cpu.efer) & EFER_NXE)) reserved |= NX;
  // Gathers RW and US by conjunction and NX by disjunction.
  let rights = RW | US;
  while (true) {
    const shift = 3 + 9 * level;
    const host = hostForWrite(m, table + (((la >> shift) & 511) << 3));
    if (host == 0) return pageFault(cpu, la, access, user, 0);
    const entry = atomic.load<u64>(host);
    if (!(entry & P)) return pageFault(cpu, la, access, user, 0);
    let bad = entry & reserved;
    const leaf = level == 1 || (entry & PS) != 0;
    if (level == 4 && (entry & PS) != 0) bad = 1;
    if (leaf && level > 1) bad |= entry & (((<u64>1) << shift) - 1) & ~(<u64>0x1fff);
    if (bad != 0) return pageFault(cpu, la, access, user, Exception.PF_PRESENT | Exception.PF_RESERVED);
    rights = (rights & (entry | ~(RW | US))) | (entry & NX);
    if (leaf) {
      if (!allowed(cpu, access, set, rights)) return pageFault(cpu, la, access, user, Exception.PF_PRESENT);
      const wanted = ACCESSED | (access == ACCESS_WRITE ? DIRTY : 0);
      if ((entry & wanted) != wanted) atomic.or<u64>(host, wanted);
      const mask = ((<u64>1) << shift) - 1;
      const gpa = (entry & ADDRESS & ~mask) | (la & mask);
      const dirty = (entry | wanted) & DIRTY;
      const flags = ((entry & GLOBAL) != 0 ? Tlb.FLAG_GLOBAL : 0) | (level > 1 ? Tlb.FLAG_LARGE : 0);
      return finish(cpu, la, gpa, access, set, (rights & (RW | US | NX)) | dirty, flags);
    }
    if (!(entry & ACCESSED)) atomic.or<u64>(host, ACCESSED);
    table = entry & ADDRESS;
    level--;
  }
}

/** Two levels of 4-byte entries, with 4 MiB pages (PSE-36). */
function walkLegacy(cpu: usize, la: u64, access: u32, set: usize, user: bool): usize {
  const m = <usize>load<u32>(cpu, Cpu.machine);
  let host = hostForWrite(m, (load<u64>(cpu, Cpu.cr3) & 0xfffff000) + ((la >> 22) << 2));
  let entry: u32 = host == 0 ? 0 : atomic.load<u32>(host);
  if (!(entry & (<u32>P))) return pageFault(cpu, la, access, user, 0);
  let rights: u64 = (<u64>entry) & (RW | US);
  let mask: u64 = 0xfff;
  let base: u64;
  if ((entry & (<u32>PS)) != 0 && (load<u64>(cpu, Cpu.cr4) & CR4_PSE) != 0) {
    if (entry & 0x200000) return pageFault(cpu, la, access, user, Exception.PF_PRESENT | Exception.PF_RESERVED);
    mask = 0x3fffff;
    base = ((<u64>entry) & 0xffc00000) | ((<u64>((entry >> 13) & 0xff)) << 32);
  } else {
    if (!(entry & (<u32>ACCESSED))) atomic.or<u32>(host, <u32>ACCESSED);
    host = hostForWrite(m, ((<u64>entry) & 0xfffff000) + (((la >> 12) & 1023) << 2));
    entry = host == 0 ? 0 : atomic.load<u32>(host);
    if (!(entry & (<u32>P))) return pageFault(cpu, la, access, user, 0);
    rights &= (<u64>entry) | ~(RW | US);
    base = (<u64>entry) & 0xfffff000;
  }
  if (!allowed(cpu, access, set, rights)) return pageFault(cpu, la, access, user, Exception.PF_PRESENT);
  const wanted: u32 = (<u32>ACCESSED) | (access == ACCESS_WRITE ? <u32>DIRTY : 0);
  if ((entry & wanted) != wanted) atomic.or<u32>(host, wanted);
  const flags = ((entry & (<u32>GLOBAL)) != 0 ? Tlb.FLAG_GLOBAL : 0) | (mask != 0xfff ? Tlb.FLAG_LARGE : 0);
  return finish(cpu, la, base | (la & mask), access, set, rights | ((<u64>(entry | wanted)) & DIRTY), flags);
}

/** Access rights of a translation (SDM 4.6.1). */
function allowed(cpu: usize, access: u32, set: usize, rights: u64): bool {
  const userPage = (rights & US) != 0;
  if (set == Tlb.USER) {
    if (!userPage) return false;
    if (access == ACCESS_WRITE) return (rights & RW) != 0;
    return access != ACCESS_FETCH || (rights & NX) == 0;
  }
  if (access == ACCESS_FETCH) {
    if (rights & NX) return false;
    return !userPage || (load<u64>(cpu, Cpu.cr4) & CR4_SMEP) == 0;
  }
  if (userPage && set == Tlb.SUPERVISOR_SMAP) return false;
  return access != ACCESS_WRITE || (rights & RW) != 0 || (load<u64>(cpu, Cpu.cr0) & CR0_WP) == 0;
}

/** Looks the guest page up in the page map and fills the TLB tables that the translation allows. */
function finish(cpu: usize, la: u64, gpa: u64, access: u32, set: usize, rights: u64, flags: u32): usize {
  const m = <usize>load<u32>(cpu, Cpu.machine);
  if (load<u32>(m, Machine.a20Off) != 0) gpa &= ~A20;
  store<u64>(cpu, gpa, Cpu.walkGpa);
  const entry = pageEntry(m, gpa);
  if (!(entry & PageMap.PRESENT)) return 0;
  if (access == ACCESS_WRITE && (entry & PageMap.READ_ONLY) != 0) return 0;
  const host = <usize>(entry & ~MemoryMap.PAGE_MASK);
  if (!(load<u64>(cpu, Cpu.cr4) & CR4_PGE)) flags &= ~Tlb.FLAG_GLOBAL;
  if (access == ACCESS_FETCH) {
    fillTlb(cpu, set + Tlb.EXECUTE, la, host, flags);
  } else {
    fillTlb(cpu, set + Tlb.READ, la, host, flags);
    // A page is entered as writable once it is dirty, so that the first write sets the bit.
    const writable =
      (rights & DIRTY) != 0 && (entry & PageMap.READ_ONLY) == 0 && allowed(cpu, ACCESS_WRITE, set, rights);
    if (writable && !pageHasCode(host)) fillTlb(cpu, set + Tlb.WRITE, la, host, flags);
  }
  return host + <usize>(gpa & MemoryMap.PAGE_MASK);
}

/** The TLB set for data accesses of the current privilege. */
export function dataSet(cpu: usize): usize {
  if (load<u32>(cpu, Cpu.cpl) == 3) return Tlb.USER;
  return smapInForce(cpu) ? Tlb.SUPERVISOR_SMAP : Tlb.SUPERVISOR;
}

function smapInForce(cpu: usize): bool {
  return (load<u64>(cpu, Cpu.cr4) & CR4_SMAP) != 0 && (load<u32>(cpu, Cpu.eflags) & EFLAGS_AC) == 0;
}

/** The set for implicit supervisor accesses (descriptor tables, TSS), at any privilege. */
export function systemSet(cpu: usize): usize {
  return (load<u64>(cpu, Cpu.cr4) & CR4_SMAP) != 0 ? Tlb.SUPERVISOR_SMAP : Tlb.SUPERVISOR;
}
