// Operands of decoded instructions: registers by byte offset, effective addresses, and the modrm operand as a whole.

import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import * as Record from "../layout/record";
import { isCanonical } from "../mem/walk";
import { readHost, storeLinear } from "./access";
import { is64, protection, raise } from "./state";

/** Not canonical, so it never hits the TLB: what an address becomes after its fault has been raised. */
const POISON: u64 = 0x8000000000000000;

@inline
export function regGet<T>(cpu: usize, offset: u32): T {
  return load<T>(cpu + <usize>offset);
}

/** Writes a general register; 32-bit writes clear the upper half. The value must not come straight from a `load<i32>`. */
@inline
export function regSet<T>(cpu: usize, offset: u32, value: T): void {
  // Not <u64>(<u32>value): over a load<i32>, Binaryen makes a sign-extending load of that.
  if (sizeof<T>() == 4) store<u64>(cpu + <usize>offset, (<u64>value) & 0xffffffff);
  else store<T>(cpu + <usize>offset, value);
}

/** Value of the register named by modrm.reg. */
@inline
export function reg<T>(cpu: usize, rec: usize): T {
  return load<T>(cpu + <usize>load<u8>(rec, Record.reg));
}

@inline
export function setReg<T>(cpu: usize, rec: usize, value: T): void {
  regSet<T>(cpu, load<u8>(rec, Record.reg), value);
}

/** Value of the register named by modrm.rm. */
@inline
export function rmReg<T>(cpu: usize, rec: usize): T {
  return load<T>(cpu + <usize>load<u8>(rec, Record.rm));
}

@inline
export function setRmReg<T>(cpu: usize, rec: usize, value: T): void {
  regSet<T>(cpu, load<u8>(rec, Record.rm), value);
}

@inline
export function isRegister(rec: usize): bool {
  return (load<u8>(rec, Record.misc) & Record.MISC_FORM) == Record.FORM_REGISTER;
}

/** Immediate, sign-extended to the operand size. The narrow loads are unsigned: see copies in tools/isa/cases.mjs. */
@inline
export function imm<T>(rec: usize): T {
  if (sizeof<T>() == 8) return <T>load<i32>(rec, Record.imm);
  return <T>load<u32>(rec, Record.imm);
}

/** The segment + 1 that a memory operand names, 0 = none that matters. */
@inline
export function segmentOf(rec: usize): u32 {
  return ((<u32>load<u8>(rec, Record.misc)) & Record.MISC_SEG) >> Record.MISC_SEG_SHIFT;
}

/** base + index * scale + displacement, 64 bits wide. */
@inline
function sum(cpu: usize, rec: usize, misc: u32): u64 {
  const base = load<u64>(cpu + <usize>load<u8>(rec, Record.rm));
  const index = load<u64>(cpu + <usize>load<u8>(rec, Record.index));
  const scale: u64 = misc & Record.MISC_SCALE;
  return base + (index << scale) + <u64>(<i64>load<i32>(rec, Record.disp));
}

/** Linear address of the memory operand. */
@inline
export function ea(cpu: usize, rec: usize, size: u32, write: bool): u64 {
  const misc = <u32>load<u8>(rec, Record.misc);
  const address = sum(cpu, rec, misc);
  if (misc > <u32>Record.MISC_SCALE) return segmented(cpu, rec, address, size, write);
  return address;
}

/** The same for an element of the operand: `distance` bytes further, which wrap as the address does. */
export function elementAddress(cpu: usize, rec: usize, distance: u64, size: u32, write: bool): u64 {
  const misc = <u32>load<u8>(rec, Record.misc);
  const address = sum(cpu, rec, misc) + distance;
  return misc > <u32>Record.MISC_SCALE ? segmented(cpu, rec, address, size, write) : address;
}

/** The offset part of the address: what LEA gives, truncated to the address size. */
export function offsetOf(cpu: usize, rec: usize): u64 {
  const misc = <u32>load<u8>(rec, Record.misc);
  return truncate(sum(cpu, rec, misc), misc & Record.MISC_FORM);
}

@inline
function truncate(address: u64, form: u32): u64 {
  if (form == Record.FORM_MEM32) return address & 0xffffffff;
  return form == Record.FORM_MEM16 ? address & 0xffff : address;
}

function segmented(cpu: usize, rec: usize, address: u64, size: u32, write: bool): u64 {
  const misc = <u32>load<u8>(rec, Record.misc);
  const offset = truncate(address, misc & Record.MISC_FORM);
  const seg = segmentOf(rec);
  if (seg != 0) return segmentAddress(cpu, seg - 1, offset, size, write);
  return reachesOver(cpu, offset, size) ? segmentAddress(cpu, defaultSegment(rec), offset, size, write) : offset;
}

/** Whether bytes of flat code's operand lie above 4 GiB, where its segments end. */
@inline
export function reachesOver(cpu: usize, offset: u64, size: u32): bool {
  return offset + size > 0x100000000 && !is64(cpu);
}

/** The segment of a memory operand without a prefix: SS if its base is rSP or rBP. */
@inline
export function defaultSegment(rec: usize): u32 {
  const base = <u32>load<u8>(rec, Record.rm);
  return base == Cpu.rsp || base == Cpu.rbp ? Cpu.SS : Cpu.DS;
}

/**
 * After a #GP: it is #SS if the address was not canonical and has rSP or rBP as base (SDM vol. 3, 3.3.7.1). Looked at only
 * when the fault is there, so that address computation need not know.
 */
export function stackOperandFault(cpu: usize, rec: usize): void {
  if (load<i32>(cpu, Cpu.excVector) != Exception.GP || isCanonical(load<u64>(cpu, Cpu.walkGpa))) return;
  store<u64>(cpu, 0, Cpu.walkGpa);
  const base = <u32>load<u8>(rec, Record.rm);
  const plain = <u32>load<u8>(rec, Record.misc) <= <u32>Record.MISC_SCALE;
  if (plain && (base == Cpu.rsp || base == Cpu.rbp)) store<i32>(cpu, Exception.SS, Cpu.excVector);
}

/** Linear address of `offset` in a segment, with the checks of the mode; after a violation the result never translates. */
export function segmentAddress(cpu: usize, seg: u32, offset: u64, size: u32, write: bool): u64 {
  const s = cpu + Cpu.seg + <usize>seg * Cpu.SEG_SIZE;
  if ((load<u32>(cpu, Cpu.mode) & Record.MODE_SIZE) == Record.MODE_64) {
    return seg >= <u32>Cpu.FS ? load<u64>(s, Cpu.segBase) + offset : offset;
  }
  if (!withinSegment(cpu, s, offset, size, write)) {
    if (seg == Cpu.SS) raise(cpu, Exception.SS, 0);
    else protection(cpu, 0);
    return POISON;
  }
  return (load<u64>(s, Cpu.segBase) + offset) & 0xffffffff;
}

/** Limit, type and usability of a segment outside 64-bit mode (SDM vol. 3, 5.3 and 5.5). */
function withinSegment(cpu: usize, s: usize, offset: u64, size: u32, write: bool): bool {
  const attr = load<u32>(s, Cpu.segAttr);
  const limit = <u64>load<u32>(s, Cpu.segLimit);
  const last = offset + size - 1;
  const protectedMode = (load<u64>(cpu, Cpu.cr0) & 1) != 0 && (load<u32>(cpu, Cpu.eflags) & 0x20000) == 0;
  if (protectedMode) {
    const code = (attr & 8) != 0;
    if ((attr & 0x80) == 0) return false;
    if (write ? code || (attr & 2) == 0 : code && (attr & 2) == 0) return false;
  }
  const expandDown = (attr & 0xc) == 4;
  if (!expandDown) return last <= limit && last >= offset;
  const top: u64 = (attr & 0x4000) != 0 ? 0xffffffff : 0xffff;
  return offset > limit && last <= top;
}

/** Host address of the general register or memory operand named by modrm.rm, for reading; 0 = fault raised. */
@inline
export function rmHost<T>(cpu: usize, rec: usize): usize {
  if (isRegister(rec)) return cpu + <usize>load<u8>(rec, Record.rm);
  return readHost(cpu, ea(cpu, rec, sizeof<T>(), false), sizeof<T>());
}

/** Writes the operand named by modrm.rm; false = fault raised. */
@inline
export function rmStore<T>(cpu: usize, rec: usize, value: T): bool {
  if (isRegister(rec)) {
    setRmReg<T>(cpu, rec, value);
    return true;
  }
  return storeLinear<T>(cpu, ea(cpu, rec, sizeof<T>(), true), value);
}

/** Host address of the xmm register or memory operand named by modrm.rm; 0 = fault raised. */
@inline
export function xmmHost(cpu: usize, rec: usize, size: u32, aligned: bool): usize {
  if (isRegister(rec)) return cpu + Cpu.xmm + ((<usize>load<u8>(rec, Record.rm)) << 5);
  return xmmMemory(cpu, rec, size, aligned);
}

function xmmMemory(cpu: usize, rec: usize, size: u32, aligned: bool): usize {
  const la = ea(cpu, rec, size, false);
  if (aligned && ((<u32>la) & (size - 1)) != 0) {
    protection(cpu, 0);
    return 0;
  }
  return readHost(cpu, la, size);
}
