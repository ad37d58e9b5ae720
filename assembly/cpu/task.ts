// Hardware task switches (SDM vol. 3, 7.3). They exist outside IA-32e mode only.
//
// A switch checks everything that it can first, then saves the old task and becomes the new one: from there on
// (CpuSystem.committed) exceptions belong to the new task, with its rip.

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import * as Tss from "../layout/tss";
import { flushTlb } from "../mem/tlb";
import { loadDirectoryPointers } from "../mem/walk";
import { checkWrite, readHost, readSystem, writeSystem } from "./access";
import { ATTR_P, CR0_PG, CR0_TS, CR4_PAE, DR6_BT, DR7_LOCAL, TYPE_BUSY, TYPE_TSS, TYPE_TSS16 } from "./bits";
import {
  attrOf,
  baseOf,
  describe,
  describeNull,
  dplOf,
  fetchDescriptor,
  isNull,
  isSystem,
  limitOf,
  markAccessed,
  rawOf,
  segmentOf,
  selectorError,
  selectorOf,
  systemType,
  writeType,
} from "./descriptor";
import { getFlags, NT, setFlags, VM } from "./flags";
import { pushValue } from "./frame";
import { forgetResume, isV86, setPrivilege, settleVirtualInterrupt, updateMode } from "./mode";
import { checkStackSegment, loadDataSegment, loadLdt, loadParagraph } from "./segments";
import { cplOf, faulted, raise, raiseDebug } from "./state";
import { isCode, isConforming } from "./transfer";

export const BY_JUMP: u32 = 0;
export const BY_CALL: u32 = 1;
export const BY_IRET: u32 = 2;
/** An interrupt or exception through a task gate. */
export const BY_EVENT: u32 = 3;

/** EFLAGS bits that a task switch loads. */
const TASK_FLAGS: u32 = 0x3f7fd5;
/** Bit of a TSS type that says 32-bit. */
const WIDE: u32 = 8;

function fail(cpu: usize, vector: i32, selector: u32): bool {
  raise(cpu, vector, selectorError(selector));
  return false;
}

@inline
function isWide(attr: u32): bool {
  return (attr & WIDE) != 0;
}

@inline
function isTssType(type: u32): bool {
  return (type & ~(WIDE | TYPE_BUSY)) == TYPE_TSS16;
}

/** A task gate in the IDT: switches to the TSS that it names. */
export function taskFromGate(cpu: usize, selector: u32): bool {
  return switchThrough(cpu, selector, BY_EVENT);
}

/** JMP, CALL or an event through a task gate: the TSS selector must be in the GDT, its TSS available. */
export function switchThrough(cpu: usize, selector: u32, reason: u32): bool {
  if ((selector & 4) != 0 || isNull(selector)) return fail(cpu, Exception.GP, selector);
  if (!fetchDescriptor(cpu, selector, Exception.GP)) return false;
  const type = systemType(rawOf(cpu));
  if (!isSystem(attrOf(rawOf(cpu))) || !isTssType(type) || (type & TYPE_BUSY) != 0) {
    return fail(cpu, Exception.GP, selector);
  }
  if (!(attrOf(rawOf(cpu)) & ATTR_P)) return fail(cpu, Exception.NP, selector);
  return taskSwitch(cpu, selector, reason);
}

/** IRET with NT set: back to the task that the link field of the TSS names. */
export function taskReturn(cpu: usize): bool {
  const selector = <u32>readSystem<u16>(cpu, load<u64>(segmentOf(cpu, Cpu.TR), Cpu.segBase) + Tss.link);
  if (faulted(cpu)) return false;
  if ((selector & 4) != 0 || isNull(selector)) return fail(cpu, Exception.TS, selector);
  if (!fetchDescriptor(cpu, selector, Exception.TS)) return false;
  const type = systemType(rawOf(cpu));
  if (!isSystem(attrOf(rawOf(cpu))) || !isTssType(type) || !(type & TYPE_BUSY)) {
    return fail(cpu, Exception.TS, selector);
  }
  if (!(attrOf(rawOf(cpu)) & ATTR_P)) return fail(cpu, Exception.NP, selector);
  return taskSwitch(cpu, selector, BY_IRET);
}

/** Whether both task states can be read and written, so that the switch does not fault half-way. */
function reachable(cpu: usize, base: u64, size: u32, oldBase: u64, oldSize: u32): bool {
  const cpl = cplOf(cpu);
  setPrivilege(cpu, 0);
  const ok =
    readHost(cpu, base, min<u32>(size, 64)) != 0 &&
    (size <= 64 || readHost(cpu, base + 64, size - 64) != 0) &&
    checkWrite(cpu, base, 2) &&
    checkWrite(cpu, oldBase, oldSize);
  setPrivilege(cpu, cpl);
  return ok;
}

/** Switches to the TSS whose descriptor is in hand. The caller has checked its type and presence. */
function taskSwitch(cpu: usize, selector: u32, reason: u32): bool {
  const raw = rawOf(cpu);
  const address = load<u64>(cpu, CpuSystem.rawAddress);
  const wide = isWide(attrOf(raw));
  const size: u32 = wide ? Tss.SIZE_32 : Tss.SIZE_16;
  if (limitOf(raw) < size - 1) return fail(cpu, Exception.TS, selector);
  const tr = segmentOf(cpu, Cpu.TR);
  const oldWide = isWide(load<u32>(tr, Cpu.segAttr));
  const oldBase = load<u64>(tr, Cpu.segBase);
  if (!reachable(cpu, baseOf(raw), size, oldBase, oldWide ? Tss.SIZE_32 : Tss.SIZE_16)) return false;
  if (!markBusy(cpu, address, raw, reason)) return false;
  // A fault saves RF set, as it would push it (SDM vol. 3, 17.3.1.1).
  const flags = reason == BY_EVENT ? load<u32>(cpu, CpuSystem.eventFlags) : getFlags(cpu);
  saveTask(cpu, oldBase, oldWide, reason == BY_IRET ? flags & ~NT : flags);
  const oldSelector = selectorOf(cpu, Cpu.TR);
  const linked = reason == BY_CALL || reason == BY_EVENT;
  if (linked) writeSystem<u16>(cpu, baseOf(raw) + Tss.link, <u16>oldSelector);
  readImage(cpu, baseOf(raw), size);
  if (faulted(cpu)) return false;
  store<u32>(cpu, 1, CpuSystem.committed);
  store<u64>(cpu, raw | ((<u64>TYPE_BUSY) << 40), CpuSystem.raw);
  describe(cpu, tr, selector);
  store<u64>(cpu, load<u64>(cpu, Cpu.cr0) | CR0_TS, Cpu.cr0);
  return loadTask(cpu, wide, linked);
}

/** Busy bits: the old task's is cleared by JMP and IRET, the new task's set by all but IRET. */
function markBusy(cpu: usize, address: u64, raw: u64, reason: u32): bool {
  if (reason == BY_JUMP || reason == BY_IRET) {
    const old = load<u64>(cpu, Cpu.gdtBase) + <u64>(selectorOf(cpu, Cpu.TR) & 0xfff8);
    const type = readSystem<u8>(cpu, old + 5);
    if (faulted(cpu) || !writeSystem<u8>(cpu, old + 5, type & ~(<u8>TYPE_BUSY))) return false;
  }
  return reason == BY_IRET || writeType(cpu, address, raw | ((<u64>TYPE_BUSY) << 40));
}

function saveTask(cpu: usize, base: u64, wide: bool, flags: u32): void {
  if (wide) {
    writeSystem<u32>(cpu, base + Tss.eip, load<u32>(cpu, Cpu.rip));
    writeSystem<u32>(cpu, base + Tss.eflags, flags);
    for (let i: u32 = 0; i < 8; i++) {
      writeSystem<u32>(cpu, base + Tss.registers + i * 4, load<u32>(cpu + Cpu.gpr + ((<usize>i) << 3)));
    }
    for (let i: u32 = 0; i < 6; i++) writeSystem<u16>(cpu, base + Tss.segments + i * 4, <u16>selectorOf(cpu, i));
  } else {
    writeSystem<u16>(cpu, base + Tss.ip16, load<u16>(cpu, Cpu.rip));
    writeSystem<u16>(cpu, base + Tss.flags16, <u16>flags);
    for (let i: u32 = 0; i < 8; i++) {
      writeSystem<u16>(cpu, base + Tss.registers16 + i * 2, load<u16>(cpu + Cpu.gpr + ((<usize>i) << 3)));
    }
    for (let i: u32 = 0; i < 4; i++) writeSystem<u16>(cpu, base + Tss.segments16 + i * 2, <u16>selectorOf(cpu, i));
  }
}

function readImage(cpu: usize, base: u64, size: u32): void {
  const image = cpu + CpuSystem.image;
  for (let i: u32 = 0; i < size; i += 2) store<u16>(image + i, readSystem<u16>(cpu, base + i));
}

/** Selector of segment `seg` in the image; a 16-bit TSS has no FS and GS. */
function imageSelector(cpu: usize, wide: bool, seg: u32): u32 {
  const image = cpu + CpuSystem.image;
  if (wide) return load<u16>(image + Tss.segments + ((<usize>seg) << 2));
  return seg < <u32>Cpu.FS ? <u32>load<u16>(image + Tss.segments16 + ((<usize>seg) << 1)) : 0;
}

function loadTask(cpu: usize, wide: bool, nested: bool): bool {
  const image = cpu + CpuSystem.image;
  if (wide && (load<u64>(cpu, Cpu.cr0) & CR0_PG) != 0) {
    const cr3 = <u64>load<u32>(image, Tss.cr3);
    if ((load<u64>(cpu, Cpu.cr4) & CR4_PAE) != 0 && !loadDirectoryPointers(cpu, cr3)) return fail(cpu, Exception.GP, 0);
    store<u64>(cpu, cr3, Cpu.cr3);
    flushTlb(cpu, true);
  }
  store<u64>(cpu, wide ? <u64>load<u32>(image, Tss.eip) : <u64>load<u16>(image, Tss.ip16), Cpu.rip);
  let flags = wide ? load<u32>(image, Tss.eflags) : <u32>load<u16>(image, Tss.flags16);
  if (nested) flags |= NT;
  setFlags(cpu, flags, TASK_FLAGS);
  loadRegisters(cpu, wide);
  // Local breakpoints belong to the old task.
  store<u64>(cpu, load<u64>(cpu, Cpu.dr7) & ~DR7_LOCAL, Cpu.dr7);
  forgetResume(cpu);
  const trap = wide && (load<u16>(image, Tss.trap) & 1) != 0;
  const ldt: u32 = wide ? load<u16>(image, Tss.ldt) : load<u16>(image, Tss.ldt16);
  for (let seg: u32 = 0; seg < 6; seg++) describeNull(segmentOf(cpu, seg), imageSelector(cpu, wide, seg));
  // The privilege of the new task is that of its CS, before that is checked.
  store<u32>(cpu, selectorOf(cpu, Cpu.CS) & 3, Cpu.cpl);
  describeNull(segmentOf(cpu, Cpu.LDTR), ldt);
  updateMode(cpu);
  if (!loadLdt(cpu, ldt, Exception.TS)) return false;
  if (!loadSegments(cpu)) return false;
  updateMode(cpu);
  if (!trap) return settleVirtualInterrupt(cpu);
  raiseDebug(cpu, DR6_BT);
  return false;
}

function loadRegisters(cpu: usize, wide: bool): void {
  const image = cpu + CpuSystem.image;
  for (let i: usize = 0; i < 8; i++) {
    if (wide) store<u64>(cpu + Cpu.gpr + (i << 3), <u64>load<u32>(image + Tss.registers + (i << 2)));
    else store<u16>(cpu + Cpu.gpr + (i << 3), load<u16>(image + Tss.registers16 + (i << 1)));
  }
}

/** The selectors are in place already; this gives them their descriptors. */
function loadSegments(cpu: usize): bool {
  if (isV86(cpu)) {
    for (let seg: u32 = 0; seg < 6; seg++) loadParagraph(cpu, seg, selectorOf(cpu, seg));
    return true;
  }
  if (!loadTaskCode(cpu, selectorOf(cpu, Cpu.CS))) return false;
  const ss = selectorOf(cpu, Cpu.SS);
  if (isNull(ss)) return fail(cpu, Exception.TS, ss);
  if (!checkStackSegment(cpu, ss, cplOf(cpu), Exception.TS)) return false;
  describe(cpu, segmentOf(cpu, Cpu.SS), ss);
  updateMode(cpu);
  return (
    loadDataSegment(cpu, Cpu.DS, selectorOf(cpu, Cpu.DS), Exception.TS) &&
    loadDataSegment(cpu, Cpu.ES, selectorOf(cpu, Cpu.ES), Exception.TS) &&
    loadDataSegment(cpu, Cpu.FS, selectorOf(cpu, Cpu.FS), Exception.TS) &&
    loadDataSegment(cpu, Cpu.GS, selectorOf(cpu, Cpu.GS), Exception.TS) &&
    checkTaskRip(cpu)
  );
}

function loadTaskCode(cpu: usize, selector: u32): bool {
  if (isNull(selector)) return fail(cpu, Exception.TS, selector);
  if (!fetchDescriptor(cpu, selector, Exception.TS)) return false;
  const attr = attrOf(rawOf(cpu));
  const cpl = selector & 3;
  if (!isCode(attr)) return fail(cpu, Exception.TS, selector);
  if (isConforming(attr) ? dplOf(attr) > cpl : dplOf(attr) != cpl) return fail(cpu, Exception.TS, selector);
  if (!(attr & ATTR_P)) return fail(cpu, Exception.NP, selector);
  if (!markAccessed(cpu)) return false;
  describe(cpu, segmentOf(cpu, Cpu.CS), selector);
  return true;
}

function checkTaskRip(cpu: usize): bool {
  if (load<u64>(cpu, Cpu.rip) <= <u64>load<u32>(cpu, Cpu.csLimit)) return true;
  raise(cpu, Exception.GP, 0);
  return false;
}

/** Pushes an exception's error code on the new task's stack. */
export function pushTaskError(cpu: usize, error: u32): bool {
  const wide = isWide(load<u32>(segmentOf(cpu, Cpu.TR), Cpu.segAttr));
  return pushValue(cpu, <u64>error, wide ? 4 : 2);
}
