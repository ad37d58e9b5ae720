// Memory access by linear address. The inline half is one compare against the TLB; everything else (misses, page
// crossings, MMIO, pages that hold code) is the slow half, which hands out a host address: of the memory itself, or of
// the scratch area with a copy.

import { busMmioRead, busMmioWrite } from "../bus";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Tlb from "../layout/tlb";
import { rangeHasCode } from "../mem/code_marks";
import { hostInCopy } from "../mem/copies";
import { ACCESS_READ, ACCESS_WRITE, dataSet, systemSet, translate } from "../mem/walk";
import { invalidateCode } from "./code_cache";
import { matchData } from "./breakpoints";
import { faulted, raise } from "./state";

const PAGE_BASE: u64 = ~0xfff;

/**
 * Each CPU executes in order, but other workers see its stores through the host's memory order. A locked add on the CPU's
 * own scratch area orders them: asc emits `atomic.fence` with an ordering that the wasm validator refuses.
 */
@inline
export function orderMemory(cpu: usize): void {
  atomic.add<i32>(cpu + Cpu.barrier, 0);
}

/** Host address to load `size` (at most 64) bytes from, maybe of a copy; 0 = fault raised. */
@inline
export function readHost(cpu: usize, la: u64, size: u32): usize {
  const entry = <usize>load<u32>(cpu, Cpu.tlb) + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if (((la + size - 1) & PAGE_BASE) == load<u64>(entry, Tlb.READ + Tlb.tag)) {
    return <usize>(<u32>la + load<u32>(entry, Tlb.READ + Tlb.addend));
  }
  return readSlow(cpu, la, size, dataSet(cpu));
}

/** Stores a value; false = fault raised, nothing stored. */
@inline
export function storeLinear<T>(cpu: usize, la: u64, value: T): bool {
  const entry = <usize>load<u32>(cpu, Cpu.tlb) + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if (((la + sizeof<T>() - 1) & PAGE_BASE) == load<u64>(entry, Tlb.WRITE + Tlb.tag)) {
    store<T>(<usize>(<u32>la + load<u32>(entry, Tlb.WRITE + Tlb.addend)), value);
    return true;
  }
  return writeSlow(cpu, la, <u64>value, sizeof<T>(), dataSet(cpu));
}

/** Host address for a read-modify-write of `size` bytes; 0 = fault raised. End with commitModify. */
@inline
export function modifyHost(cpu: usize, la: u64, size: u32): usize {
  const entry = <usize>load<u32>(cpu, Cpu.tlb) + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if (((la + size - 1) & PAGE_BASE) == load<u64>(entry, Tlb.WRITE + Tlb.tag)) {
    return <usize>(<u32>la + load<u32>(entry, Tlb.WRITE + Tlb.addend));
  }
  return modifySlow(cpu, la, size);
}

/** Ends a read-modify-write: carries a scratch copy to where it belongs. */
@inline
export function commitModify(cpu: usize, host: usize): void {
  if (host == cpu + Cpu.scratch) commitScratch(cpu);
}

/** Like storeLinear, for 16 bytes. */
@inline
export function storeLinear128(cpu: usize, la: u64, lo: u64, hi: u64): bool {
  const entry = <usize>load<u32>(cpu, Cpu.tlb) + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if (((la + 15) & PAGE_BASE) == load<u64>(entry, Tlb.WRITE + Tlb.tag)) {
    const host = <usize>(<u32>la + load<u32>(entry, Tlb.WRITE + Tlb.addend));
    store<u64>(host, lo);
    store<u64>(host, hi, 8);
    return true;
  }
  store<u64>(cpu + Cpu.scratch, lo);
  store<u64>(cpu + Cpu.scratch, hi, 8);
  return writeBytes(cpu, la, cpu + Cpu.scratch, 16, dataSet(cpu));
}

/** Implicit supervisor read (descriptor tables, TSS). Returns 0 with faulted(cpu) true after a fault. */
export function readSystem<T>(cpu: usize, la: u64): T {
  const host = readSlow(cpu, la, sizeof<T>(), systemSet(cpu));
  return host == 0 ? <T>0 : load<T>(host);
}

/** Implicit supervisor write; false = fault raised. */
export function writeSystem<T>(cpu: usize, la: u64, value: T): bool {
  return writeSlow(cpu, la, <u64>value, sizeof<T>(), systemSet(cpu));
}

/** True if all of [la, la + size) can be written by the current privilege; otherwise a fault is raised. size <= 4096. */
export function checkWrite(cpu: usize, la: u64, size: u32): bool {
  const set = dataSet(cpu);
  const last = la + size - 1;
  translateOrHit(cpu, la, ACCESS_WRITE, set);
  if (!faulted(cpu) && ((la ^ last) & PAGE_BASE) != 0) translateOrHit(cpu, last & PAGE_BASE, ACCESS_WRITE, set);
  return !faulted(cpu);
}

/** Bytes of [la, la + size) that lie in the page of la. */
@inline
function bytesInPage(la: u64, size: u32): u32 {
  return min<u32>(size, 4096 - ((<u32>la) & 4095));
}

/** Host address by the TLB or by a walk; 0 as in translate. */
export function translateOrHit(cpu: usize, la: u64, access: u32, set: usize): usize {
  const host = hitOrTranslate(cpu, la, access, set);
  return (load<u32>(cpu, Cpu.slow) & Cpu.SLOW_COPIES) == 0 ? host : hostInCopy(cpu, la, host, access, set);
}

@inline
function hitOrTranslate(cpu: usize, la: u64, access: u32, set: usize): usize {
  const table: usize = access == ACCESS_WRITE ? Tlb.WRITE : Tlb.READ;
  const entry = cpu + Cpu.tlbTables + set + table + ((<usize>(la >> 8)) & Tlb.INDEX_MASK);
  if ((la & PAGE_BASE) == load<u64>(entry, Tlb.tag)) return <usize>(<u32>la + load<u32>(entry, Tlb.addend));
  return translate(cpu, la, access, set);
}

export function readSlow(cpu: usize, la: u64, size: u32, set: usize): usize {
  if (load<u32>(cpu, Cpu.slow) != 0 && !observed(cpu, la, size, false, set)) return 0;
  const part = bytesInPage(la, size);
  if (part == size) {
    const host = translateOrHit(cpu, la, ACCESS_READ, set);
    if (host != 0) return host;
    if (faulted(cpu)) return 0;
  }
  const to = cpu + Cpu.scratch;
  if (!readBytes(cpu, la, to, part, set)) return 0;
  if (part != size && !readBytes(cpu, la + part, to + part, size - part, set)) return 0;
  return to;
}

/** Reads bytes of one page to `to`, from memory or MMIO. */
function readBytes(cpu: usize, la: u64, to: usize, size: u32, set: usize): bool {
  const host = translateOrHit(cpu, la, ACCESS_READ, set);
  if (host != 0) {
    memory.copy(to, host, size);
    return true;
  }
  if (faulted(cpu)) return false;
  let gpa = load<u64>(cpu, Cpu.walkGpa);
  while (size != 0) {
    const step = mmioStep(gpa, size);
    const value = busMmioRead(cpu, gpa, step);
    if (step == 8) store<u64>(to, value);
    else if (step == 4) store<u32>(to, <u32>value);
    else if (step == 2) store<u16>(to, <u16>value);
    else store<u8>(to, <u8>value);
    gpa += step;
    to += step;
    size -= step;
  }
  return true;
}

/** The largest naturally aligned power of two that fits. */
function mmioStep(gpa: u64, size: u32): u32 {
  let step: u32 = 8;
  while (step > size || ((<u32>gpa) & (step - 1)) != 0) step >>= 1;
  return step;
}

/** Data breakpoints and the check of alignment, while Cpu.slow says so; false = fault raised. */
function observed(cpu: usize, la: u64, size: u32, write: bool, set: usize): bool {
  const why = load<u32>(cpu, Cpu.slow);
  if (why & Cpu.SLOW_WATCH) matchData(cpu, la, size, write);
  if ((why & Cpu.SLOW_ALIGN) == 0 || set != Tlb.USER || isAligned(la, size)) return true;
  // A page fault goes first.
  const access = write ? ACCESS_WRITE : ACCESS_READ;
  translateOrHit(cpu, la, access, set);
  if (!faulted(cpu)) translateOrHit(cpu, la + size - 1, access, set);
  raise(cpu, Exception.AC, 0);
  return false;
}

/** The alignment that an operand of `size` bytes should have (SDM vol. 3, table 6-7): far pointers that of their offset. */
function isAligned(la: u64, size: u32): bool {
  if (size > 16) return true;
  // The largest power of two in the size: 6 = 4 + 2, 10 = 8 + 2.
  const natural: u32 = (<u32>1) << (31 - clz(size));
  return ((<u32>la) & (natural - 1)) == 0;
}

export function writeSlow(cpu: usize, la: u64, value: u64, size: u32, set: usize): bool {
  store<u64>(cpu + Cpu.scratch + 64, value);
  return writeBytes(cpu, la, cpu + Cpu.scratch + 64, size, set);
}

/** Writes `size` bytes that may cross a page; both pages are checked before either changes. */
function writeBytes(cpu: usize, la: u64, from: usize, size: u32, set: usize): bool {
  if (load<u32>(cpu, Cpu.slow) != 0 && !observed(cpu, la, size, true, set)) return false;
  const part = bytesInPage(la, size);
  if (part != size) {
    translateOrHit(cpu, la, ACCESS_WRITE, set);
    if (faulted(cpu)) return false;
    translateOrHit(cpu, la + part, ACCESS_WRITE, set);
    if (faulted(cpu)) return false;
    writeInPage(cpu, la + part, from + part, size - part, set);
  }
  return writeInPage(cpu, la, from, part, set);
}

function writeInPage(cpu: usize, la: u64, from: usize, size: u32, set: usize): bool {
  const host = translateOrHit(cpu, la, ACCESS_WRITE, set);
  if (host != 0) {
    if (rangeHasCode(host, size)) invalidateCode(cpu, host);
    memory.copy(host, from, size);
    return true;
  }
  if (faulted(cpu)) return false;
  let gpa = load<u64>(cpu, Cpu.walkGpa);
  while (size != 0) {
    const step = mmioStep(gpa, size);
    let value: u64;
    if (step == 8) value = load<u64>(from);
    else if (step == 4) value = <u64>load<u32>(from);
    else if (step == 2) value = <u64>load<u16>(from);
    else value = <u64>load<u8>(from);
    busMmioWrite(cpu, gpa, step, value);
    gpa += step;
    from += step;
    size -= step;
  }
  return true;
}

export function modifySlow(cpu: usize, la: u64, size: u32): usize {
  const set = dataSet(cpu);
  if (load<u32>(cpu, Cpu.slow) != 0 && !observed(cpu, la, size, true, set)) return 0;
  if (bytesInPage(la, size) == size) {
    const host = translateOrHit(cpu, la, ACCESS_WRITE, set);
    if (host != 0) {
      if (rangeHasCode(host, size)) invalidateCode(cpu, host);
      return host;
    }
    if (faulted(cpu)) return 0;
  } else if (!checkWrite(cpu, la, size)) return 0;
  const host = readSlow(cpu, la, size, set);
  if (host == 0) return 0;
  if (host != cpu + Cpu.scratch) memory.copy(cpu + Cpu.scratch, host, size);
  store<u64>(cpu, la, Cpu.modifyAddress);
  store<u32>(cpu, size, Cpu.modifySize);
  return cpu + Cpu.scratch;
}

function commitScratch(cpu: usize): void {
  writeBytes(cpu, load<u64>(cpu, Cpu.modifyAddress), cpu + Cpu.scratch, load<u32>(cpu, Cpu.modifySize), dataSet(cpu));
}
