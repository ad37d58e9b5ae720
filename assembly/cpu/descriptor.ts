// Descriptors: finding them in the GDT and LDT, taking them apart, marking them accessed (SDM vol. 3, 3.4.5).
// The descriptor in hand is in CpuSystem.raw. Errors of table look-ups carry the selector.

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import { readSystem, writeSystem } from "./access";
import { ATTR_ACCESSED, ATTR_DPL_SHIFT, ATTR_G, ATTR_P, ATTR_S } from "./bits";
import { faulted, raise } from "./state";

/** Address of a segment register's state. */
@inline
export function segmentOf(cpu: usize, seg: u32): usize {
  return cpu + Cpu.seg + <usize>seg * Cpu.SEG_SIZE;
}

@inline
export function selectorOf(cpu: usize, seg: u32): u32 {
  return load<u16>(segmentOf(cpu, seg), Cpu.segSelector);
}

@inline
export function isNull(selector: u32): bool {
  return (selector & 0xfffc) == 0;
}

/** Error code of an exception that names a selector. */
@inline
export function selectorError(selector: u32): u32 {
  return selector & 0xfffc;
}

@inline
export function tableBase(cpu: usize, selector: u32): u64 {
  return (selector & 4) != 0 ? load<u64>(segmentOf(cpu, Cpu.LDTR), Cpu.segBase) : load<u64>(cpu, Cpu.gdtBase);
}

/** Whether `bytes` bytes of the selector's descriptor lie within its table. */
export function inTable(cpu: usize, selector: u32, bytes: u32): bool {
  const last = (selector & 0xfff8) + bytes - 1;
  if (!(selector & 4)) return last <= load<u32>(cpu, Cpu.gdtLimit);
  const ldt = segmentOf(cpu, Cpu.LDTR);
  return (load<u32>(ldt, Cpu.segAttr) & ATTR_P) != 0 && last <= load<u32>(ldt, Cpu.segLimit);
}

/** Reads the descriptor of a selector to CpuSystem.raw; outside the table raises `vector` with the selector. */
export function fetchDescriptor(cpu: usize, selector: u32, vector: i32): bool {
  if (!inTable(cpu, selector, 8)) {
    raise(cpu, vector, selectorError(selector));
    return false;
  }
  const la = tableBase(cpu, selector) + <u64>(selector & 0xfff8);
  store<u64>(cpu, la, CpuSystem.rawAddress);
  store<u64>(cpu, readSystem<u64>(cpu, la), CpuSystem.raw);
  return !faulted(cpu);
}

/** Reads the upper half of a 16-byte system descriptor of IA-32e mode. */
export function fetchUpper(cpu: usize, selector: u32, vector: i32): bool {
  if (!inTable(cpu, selector, 16)) {
    raise(cpu, vector, selectorError(selector));
    return false;
  }
  const upper = readSystem<u64>(cpu, load<u64>(cpu, CpuSystem.rawAddress) + 8);
  store<u64>(cpu, upper, CpuSystem.rawUpper);
  if (faulted(cpu)) return false;
  // The type field of the upper half must be 0 (SDM vol. 3, 7.2.3 and 5.8.3.1).
  if ((upper >> 40) & 0x1f) {
    raise(cpu, vector, selectorError(selector));
    return false;
  }
  return true;
}

@inline
export function rawOf(cpu: usize): u64 {
  return load<u64>(cpu, CpuSystem.raw);
}

/** Attributes in the form of Cpu.segAttr. */
@inline
export function attrOf(raw: u64): u32 {
  return (<u32>(raw >> 40)) & 0xf0ff;
}

@inline
export function dplOf(attr: u32): u32 {
  return (attr >> ATTR_DPL_SHIFT) & 3;
}

export function baseOf(raw: u64): u64 {
  return ((raw >> 16) & 0xffffff) | ((raw >> 32) & 0xff000000);
}

export function limitOf(raw: u64): u32 {
  const limit = (<u32>(raw & 0xffff)) | ((<u32>(raw >> 32)) & 0xf0000);
  return (attrOf(raw) & ATTR_G) != 0 ? (limit << 12) | 0xfff : limit;
}

/** Type of a system descriptor, 0..15. */
@inline
export function systemType(raw: u64): u32 {
  return (<u32>(raw >> 40)) & 15;
}

@inline
export function isSystem(attr: u32): bool {
  return (attr & ATTR_S) == 0;
}

/** Writes the descriptor in hand to a segment's state (or an image of one). */
export function describe(cpu: usize, to: usize, selector: u32): void {
  const raw = rawOf(cpu);
  store<u16>(to, <u16>selector, Cpu.segSelector);
  store<u32>(to, attrOf(raw), Cpu.segAttr);
  store<u64>(to, baseOf(raw), Cpu.segBase);
  store<u32>(to, limitOf(raw), Cpu.segLimit);
}

/** Loads a null selector: unusable, base and limit 0. */
export function describeNull(to: usize, selector: u32): void {
  store<u16>(to, <u16>selector, Cpu.segSelector);
  store<u32>(to, 0, Cpu.segAttr);
  store<u64>(to, 0, Cpu.segBase);
  store<u32>(to, 0, Cpu.segLimit);
}

/** Loads a paragraph number. Real mode keeps the limit; virtual-8086 mode has 64 KiB and DPL 3. */
export function describeParagraph(to: usize, selector: u32, attr: u32, limit: u32): void {
  store<u16>(to, <u16>selector, Cpu.segSelector);
  store<u32>(to, attr, Cpu.segAttr);
  store<u64>(to, (<u64>(selector & 0xffff)) << 4, Cpu.segBase);
  store<u32>(to, limit, Cpu.segLimit);
}

/** Sets the accessed bit of the code or data descriptor in hand, in memory too; false = fault raised. */
export function markAccessed(cpu: usize): bool {
  const raw = rawOf(cpu);
  if (attrOf(raw) & ATTR_ACCESSED) return true;
  store<u64>(cpu, raw | ((<u64>1) << 40), CpuSystem.raw);
  return writeType(cpu, load<u64>(cpu, CpuSystem.rawAddress), raw | ((<u64>1) << 40));
}

/** Stores the type byte of a descriptor back to its table. */
export function writeType(cpu: usize, address: u64, raw: u64): bool {
  return writeSystem<u8>(cpu, address + 5, <u8>(raw >> 40));
}
