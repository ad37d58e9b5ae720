// Loading segment registers, LDTR and TR, with the checks of each mode (SDM vol. 2, MOV and LTR; vol. 3, 5.6 and 5.7).

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import { ATTR_CODE, ATTR_CONFORMING, ATTR_P, ATTR_RW, TYPE_BUSY, TYPE_LDT, TYPE_TSS, TYPE_TSS16 } from "./bits";
import {
  attrOf,
  baseOf,
  describe,
  describeNull,
  describeParagraph,
  dplOf,
  fetchDescriptor,
  fetchUpper,
  isNull,
  isSystem,
  limitOf,
  markAccessed,
  rawOf,
  segmentOf,
  selectorError,
  systemType,
  writeType,
} from "./descriptor";
import { isLong, isRealOrV86, isV86, updateSegments } from "./mode";
import { cplOf, faulted, is64, protection, raise } from "./state";

/** Loads any segment register but CS, or LDTR or TR; false = fault raised, nothing changed. */
export function loadSegment(cpu: usize, seg: u32, selector: u32): bool {
  selector &= 0xffff;
  if (seg == Cpu.LDTR) return loadLdtr(cpu, selector);
  if (seg == Cpu.TR) return loadTr(cpu, selector);
  if (isRealOrV86(cpu)) loadParagraph(cpu, seg, selector);
  else if (seg == Cpu.SS ? !loadStackSegment(cpu, selector) : !loadDataSegment(cpu, seg, selector, Exception.GP)) {
    return false;
  }
  updateSegments(cpu);
  return true;
}

/** Loads a paragraph number to a segment register in real or virtual-8086 mode. */
export function loadParagraph(cpu: usize, seg: u32, selector: u32): void {
  const s = segmentOf(cpu, seg);
  if (isV86(cpu)) {
    describeParagraph(s, selector, 0xf3, 0xffff);
    return;
  }
  const attr = load<u32>(s, Cpu.segAttr);
  const limit: u32 = (attr & ATTR_P) != 0 ? load<u32>(s, Cpu.segLimit) : 0xffff;
  describeParagraph(s, selector, (attr & 0xf000) | (seg == Cpu.CS ? 0x9b : 0x93), limit);
}

function fail(cpu: usize, vector: i32, selector: u32): bool {
  raise(cpu, vector, selectorError(selector));
  return false;
}

/** DS, ES, FS, GS in protected mode. `vector` is #GP, or #TS during a task switch. */
export function loadDataSegment(cpu: usize, seg: u32, selector: u32, vector: i32): bool {
  if (isNull(selector)) {
    describeNull(segmentOf(cpu, seg), selector);
    return true;
  }
  if (!fetchDescriptor(cpu, selector, vector)) return false;
  const attr = attrOf(rawOf(cpu));
  if (isSystem(attr) || (attr & (ATTR_CODE | ATTR_RW)) == ATTR_CODE) return fail(cpu, vector, selector);
  const conforming = (attr & (ATTR_CODE | ATTR_CONFORMING)) == (ATTR_CODE | ATTR_CONFORMING);
  if (!conforming && dplOf(attr) < max<u32>(cplOf(cpu), selector & 3)) return fail(cpu, vector, selector);
  if (!(attr & ATTR_P)) return fail(cpu, Exception.NP, selector);
  if (!markAccessed(cpu)) return false;
  describe(cpu, segmentOf(cpu, seg), selector);
  return true;
}

function loadStackSegment(cpu: usize, selector: u32): bool {
  const cpl = cplOf(cpu);
  if (isNull(selector)) {
    // 64-bit mode runs without a stack segment below privilege 3.
    if (!is64(cpu) || cpl == 3 || (selector & 3) != cpl) return protection(cpu, 0);
    describeNull(segmentOf(cpu, Cpu.SS), selector);
    return true;
  }
  if (!checkStackSegment(cpu, selector, cpl, Exception.GP)) return false;
  describe(cpu, segmentOf(cpu, Cpu.SS), selector);
  return true;
}

/**
 * Fetches the descriptor of a stack segment for privilege `cpl` and leaves it in CpuSystem.raw, accessed.
 * `vector` is #GP, or #TS when the selector comes from a TSS; not present is #SS.
 */
export function checkStackSegment(cpu: usize, selector: u32, cpl: u32, vector: i32): bool {
  if (!fetchDescriptor(cpu, selector, vector)) return false;
  const attr = attrOf(rawOf(cpu));
  if ((selector & 3) != cpl || dplOf(attr) != cpl) return fail(cpu, vector, selector);
  if (isSystem(attr) || (attr & (ATTR_CODE | ATTR_RW)) != ATTR_RW) return fail(cpu, vector, selector);
  if (!(attr & ATTR_P)) return fail(cpu, Exception.SS, selector);
  return markAccessed(cpu);
}

/** Upper half of the base of an LDT or TSS in IA-32e mode. */
function systemBase(cpu: usize): u64 {
  const base = baseOf(rawOf(cpu));
  return isLong(cpu) ? base | (load<u64>(cpu, CpuSystem.rawUpper) << 32) : base;
}

function describeSystem(cpu: usize, seg: u32, selector: u32, attr: u32): void {
  const s = segmentOf(cpu, seg);
  store<u16>(s, <u16>selector, Cpu.segSelector);
  store<u32>(s, attr, Cpu.segAttr);
  store<u64>(s, systemBase(cpu), Cpu.segBase);
  store<u32>(s, limitOf(rawOf(cpu)), Cpu.segLimit);
}

/** LLDT, with `vector` = #GP; a task switch loads the LDT with #TS. */
export function loadLdt(cpu: usize, selector: u32, vector: i32): bool {
  if (isNull(selector)) {
    describeNull(segmentOf(cpu, Cpu.LDTR), selector);
    return true;
  }
  if (selector & 4) return fail(cpu, vector, selector);
  if (!fetchDescriptor(cpu, selector, vector)) return false;
  const attr = attrOf(rawOf(cpu));
  if (!isSystem(attr) || systemType(rawOf(cpu)) != TYPE_LDT) return fail(cpu, vector, selector);
  if (!(attr & ATTR_P)) return fail(cpu, vector == Exception.TS ? Exception.TS : Exception.NP, selector);
  if (isLong(cpu) && !fetchUpper(cpu, selector, vector)) return false;
  describeSystem(cpu, Cpu.LDTR, selector, attr);
  return true;
}

function loadLdtr(cpu: usize, selector: u32): bool {
  return loadLdt(cpu, selector, Exception.GP);
}

function loadTr(cpu: usize, selector: u32): bool {
  if (isNull(selector)) return protection(cpu, 0);
  if (selector & 4) return fail(cpu, Exception.GP, selector);
  if (!fetchDescriptor(cpu, selector, Exception.GP)) return false;
  const raw = rawOf(cpu);
  const type = systemType(raw);
  const available = type == TYPE_TSS || (type == TYPE_TSS16 && !isLong(cpu));
  if (!isSystem(attrOf(raw)) || !available) return fail(cpu, Exception.GP, selector);
  if (!(attrOf(raw) & ATTR_P)) return fail(cpu, Exception.NP, selector);
  if (isLong(cpu) && !fetchUpper(cpu, selector, Exception.GP)) return false;
  const busy = raw | ((<u64>TYPE_BUSY) << 40);
  if (!writeType(cpu, load<u64>(cpu, CpuSystem.rawAddress), busy)) return false;
  describeSystem(cpu, Cpu.TR, selector, attrOf(busy));
  return !faulted(cpu);
}

/** After a return to an outer privilege: data segments that it may not see become null (SDM vol. 2, RET). */
export function dropInnerSegments(cpu: usize): void {
  dropInner(cpu, Cpu.ES);
  dropInner(cpu, Cpu.DS);
  dropInner(cpu, Cpu.FS);
  dropInner(cpu, Cpu.GS);
}

function dropInner(cpu: usize, seg: u32): void {
  const s = segmentOf(cpu, seg);
  const attr = load<u32>(s, Cpu.segAttr);
  if (!(attr & ATTR_P)) return;
  const conforming = (attr & (ATTR_CODE | ATTR_CONFORMING)) == (ATTR_CODE | ATTR_CONFORMING);
  if (conforming || dplOf(attr) >= cplOf(cpu)) return;
  // The base stays: 64-bit code may have put it there with WRMSR.
  store<u16>(s, 0, Cpu.segSelector);
  store<u32>(s, 0, Cpu.segAttr);
}
