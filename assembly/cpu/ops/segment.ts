// Instructions that load, store and examine segment registers and selectors.

import * as Cpu from "../../layout/cpu";
import * as F from "../../layout/cpu_features";
import * as Record from "../../layout/record";
import { isCanonical } from "../../mem/walk";
import { readHost, storeLinear } from "../access";
import { startShadow } from "../code_cache";
import {
  ATTR_CODE,
  ATTR_CONFORMING,
  ATTR_RW,
  CR4_FSGSBASE,
  TYPE_CALL_GATE,
  TYPE_CALL_GATE16,
  TYPE_LDT,
  TYPE_TASK_GATE,
  TYPE_TSS,
  TYPE_TSS16,
  TYPE_BUSY,
} from "../bits";
import {
  attrOf,
  dplOf,
  fetchDescriptor,
  fetchUpper,
  inTable,
  isNull,
  isSystem,
  limitOf,
  rawOf,
  segmentOf,
  selectorOf,
  systemType,
} from "../descriptor";
import { setFlags, ZF } from "../flags";
import { frameCommit, popValue, pushValue } from "../frame";
import { isLong, isRealOrV86 } from "../mode";
import { ea, isRegister, regSet, rmHost, rmReg, rmStore, setReg, setRmReg } from "../operand";
import { loadSegment } from "../segments";
import * as Exception from "../../layout/exception";
import { cplOf, faulted, is64, protection, undefined } from "../state";

/** MOV Ev,Sw: 16 bits to memory, a register is zero-extended to the operand size. */
export function moveFrom<T>(cpu: usize, rec: usize): bool {
  const seg = <u32>load<u8>(rec, Record.reg);
  if (seg > <u32>Cpu.GS) return undefined(cpu);
  const value = selectorOf(cpu, seg);
  if (isRegister(rec)) return rmStore<T>(cpu, rec, <T>value);
  return storeLinear<u16>(cpu, ea(cpu, rec, 2, true), <u16>value);
}

/** MOV Sw,Ew. Loading SS holds interrupts off for one instruction. */
export function moveTo(cpu: usize, rec: usize): bool {
  const seg = <u32>load<u8>(rec, Record.reg);
  if (seg > <u32>Cpu.GS || seg == Cpu.CS) return undefined(cpu);
  const host = rmHost<u16>(cpu, rec);
  if (host == 0 || !loadSegment(cpu, seg, load<u16>(host))) return false;
  if (seg == Cpu.SS) startShadow(cpu, Cpu.SHADOW_SS);
  return true;
}

/** The segment is in the record's register field. */
export function push<T>(cpu: usize, rec: usize): bool {
  return pushValue(cpu, <u64>selectorOf(cpu, load<u8>(rec, Record.reg)), sizeof<T>());
}

export function pop<T>(cpu: usize, rec: usize): bool {
  const seg = <u32>load<u8>(rec, Record.reg);
  const selector = (<u32>popValue(cpu, sizeof<T>())) & 0xffff;
  if (faulted(cpu) || !loadSegment(cpu, seg, selector)) return false;
  // With POP SS the old SS decides how wide the stack pointer is: the frame remembers it.
  frameCommit(cpu);
  if (seg == Cpu.SS) startShadow(cpu, Cpu.SHADOW_SS);
  return true;
}

/** LDS, LES, LSS, LFS, LGS: a far pointer to a register and a segment register. */
function loadPointer<T>(cpu: usize, rec: usize, seg: u32): bool {
  const host = readHost(cpu, ea(cpu, rec, sizeof<T>() + 2, false), sizeof<T>() + 2);
  if (host == 0) return false;
  const offset = load<T>(host);
  if (!loadSegment(cpu, seg, load<u16>(host + sizeof<T>()))) return false;
  setReg<T>(cpu, rec, offset);
  return true;
}

export function les<T>(cpu: usize, rec: usize): bool {
  return loadPointer<T>(cpu, rec, Cpu.ES);
}

export function lds<T>(cpu: usize, rec: usize): bool {
  return loadPointer<T>(cpu, rec, Cpu.DS);
}

export function lss<T>(cpu: usize, rec: usize): bool {
  return loadPointer<T>(cpu, rec, Cpu.SS);
}

export function lfs<T>(cpu: usize, rec: usize): bool {
  return loadPointer<T>(cpu, rec, Cpu.FS);
}

export function lgs<T>(cpu: usize, rec: usize): bool {
  return loadPointer<T>(cpu, rec, Cpu.GS);
}

// LAR, LSL, VERR, VERW: the answer is ZF, bad selectors raise nothing.

/** Reads the descriptor if there is one; false with faulted(cpu) only if the table could not be read. */
function examine(cpu: usize, selector: u32): bool {
  if (isNull(selector) || !inTable(cpu, selector, 8)) return false;
  return fetchDescriptor(cpu, selector, Exception.GP);
}

/** Whether the descriptor in hand is visible to CPL and RPL. Conforming code always is. */
function visible(cpu: usize, selector: u32): bool {
  const attr = attrOf(rawOf(cpu));
  const conforming = ATTR_CODE | ATTR_CONFORMING;
  if (!isSystem(attr) && (attr & conforming) == conforming) return true;
  return dplOf(attr) >= max<u32>(cplOf(cpu), selector & 3);
}

/** System descriptors that LAR (all) and LSL (those with a limit) know in the current mode. */
function knownSystem(cpu: usize, withLimit: bool): bool {
  const type = systemType(rawOf(cpu));
  if (type == TYPE_LDT || (type & ~TYPE_BUSY) == TYPE_TSS) return true;
  if (!isLong(cpu) && (type & ~TYPE_BUSY) == TYPE_TSS16) return true;
  if (withLimit) return false;
  return type == TYPE_CALL_GATE || (!isLong(cpu) && (type == TYPE_CALL_GATE16 || type == TYPE_TASK_GATE));
}

/** Common to LAR and LSL: true if the descriptor may be shown. */
function shows(cpu: usize, selector: u32, withLimit: bool): bool {
  if (!examine(cpu, selector)) return false;
  if (isSystem(attrOf(rawOf(cpu)))) {
    if (!knownSystem(cpu, withLimit)) return false;
    if (isLong(cpu) && (!inTable(cpu, selector, 16) || !fetchUpper(cpu, selector, Exception.GP))) return forgive(cpu);
  }
  return visible(cpu, selector);
}

/** An invalid upper half is no fault here. */
function forgive(cpu: usize): bool {
  if (load<i32>(cpu, Cpu.excVector) == Exception.GP) store<i32>(cpu, -1, Cpu.excVector);
  return false;
}

export function lar<T>(cpu: usize, rec: usize): bool {
  if (isRealOrV86(cpu)) return undefined(cpu);
  const host = rmHost<u16>(cpu, rec);
  if (host == 0) return false;
  const ok = shows(cpu, load<u16>(host), false);
  if (faulted(cpu)) return false;
  setFlags(cpu, ok ? ZF : 0, ZF);
  if (ok) setReg<T>(cpu, rec, <T>((<u32>(rawOf(cpu) >> 32)) & 0x00ffff00));
  return true;
}

export function lsl<T>(cpu: usize, rec: usize): bool {
  if (isRealOrV86(cpu)) return undefined(cpu);
  const host = rmHost<u16>(cpu, rec);
  if (host == 0) return false;
  const ok = shows(cpu, load<u16>(host), true);
  if (faulted(cpu)) return false;
  setFlags(cpu, ok ? ZF : 0, ZF);
  if (ok) setReg<T>(cpu, rec, <T>limitOf(rawOf(cpu)));
  return true;
}

function verify(cpu: usize, rec: usize, write: bool): bool {
  if (isRealOrV86(cpu)) return undefined(cpu);
  const host = rmHost<u16>(cpu, rec);
  if (host == 0) return false;
  const selector = <u32>load<u16>(host);
  let ok = examine(cpu, selector);
  if (faulted(cpu)) return false;
  if (ok) {
    const attr = attrOf(rawOf(cpu));
    const code = (attr & ATTR_CODE) != 0;
    const rw = (attr & ATTR_RW) != 0;
    ok = !isSystem(attr) && visible(cpu, selector) && (write ? !code && rw : !code || rw);
  }
  setFlags(cpu, ok ? ZF : 0, ZF);
  return true;
}

export function verr(cpu: usize, rec: usize): bool {
  return verify(cpu, rec, false);
}

export function verw(cpu: usize, rec: usize): bool {
  return verify(cpu, rec, true);
}

/** ARPL: raises the RPL of the destination to that of the source. */
export function arpl(cpu: usize, rec: usize): bool {
  if (isRealOrV86(cpu)) return undefined(cpu);
  const source = load<u16>(cpu + <usize>load<u8>(rec, Record.reg)) & 3;
  if (isRegister(rec)) {
    const value = rmReg<u16>(cpu, rec);
    const raised = (value & 3) < source;
    if (raised) setRmReg<u16>(cpu, rec, (value & 0xfffc) | source);
    setFlags(cpu, raised ? ZF : 0, ZF);
    return true;
  }
  // What is not changed is not written, and need not be writable.
  const host = readHost(cpu, ea(cpu, rec, 2, false), 2);
  if (host == 0) return false;
  const value = load<u16>(host);
  const raised = (value & 3) < source;
  if (raised && !storeLinear<u16>(cpu, ea(cpu, rec, 2, true), (value & 0xfffc) | source)) return false;
  setFlags(cpu, raised ? ZF : 0, ZF);
  return true;
}

// RDFSBASE and its family: 64-bit mode with CR4.FSGSBASE.

function hasFsgsbase(cpu: usize): bool {
  if (is64(cpu) && (load<u64>(cpu, Cpu.cr4) & CR4_FSGSBASE) != 0) return true;
  return undefined(cpu);
}

function readBase<T>(cpu: usize, rec: usize, seg: u32): bool {
  if (!hasFsgsbase(cpu)) return false;
  regSet<T>(cpu, load<u8>(rec, Record.rm), <T>load<u64>(segmentOf(cpu, seg), Cpu.segBase));
  return true;
}

function writeBase<T>(cpu: usize, rec: usize, seg: u32): bool {
  if (!hasFsgsbase(cpu)) return false;
  const value = <u64>rmReg<T>(cpu, rec);
  if (!isCanonical(value)) return protection(cpu, 0);
  store<u64>(segmentOf(cpu, seg), value, Cpu.segBase);
  return true;
}

export function rdfsbase<T>(cpu: usize, rec: usize): bool {
  return readBase<T>(cpu, rec, Cpu.FS);
}

export function rdgsbase<T>(cpu: usize, rec: usize): bool {
  return readBase<T>(cpu, rec, Cpu.GS);
}

export function wrfsbase<T>(cpu: usize, rec: usize): bool {
  return writeBase<T>(cpu, rec, Cpu.FS);
}

export function wrgsbase<T>(cpu: usize, rec: usize): bool {
  return writeBase<T>(cpu, rec, Cpu.GS);
}
