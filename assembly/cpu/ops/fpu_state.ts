// FXSAVE, FXRSTOR, the XSAVE family, XGETBV and XSETBV. The area is built or taken apart in CpuSystem.image, so that the
// guest's memory is read and written once, whole 16-byte pieces at a time.

import * as Cpu from "../../layout/cpu";
import * as CpuSystem from "../../layout/cpu_system";
import * as Exception from "../../layout/exception";
import * as F from "../../layout/cpu_features";
import * as X from "../../layout/xsave";
import { checkWrite, readHost, storeLinear128 } from "../access";
import { CR0_EM, CR0_TS } from "../bits";
import { hasFeature, xcr0Allowed } from "../model";
import { osxsave, updateMode } from "../mode";
import { ea } from "../operand";
import { cplOf, is64, protection, raise, undefined } from "../state";
import { setControl } from "./x87_control";

/** MXCSR bits that exist: all sixteen, DAZ included. */
const MXCSR_MASK: u32 = 0xffff;
const FCW_DEFAULT: u16 = 0x37f;
const FSW_TOP_SHIFT: u32 = 11;

@inline
function image(cpu: usize): usize {
  return cpu + CpuSystem.image;
}

/** XMM registers that can be seen: eight outside 64-bit mode. */
@inline
function vectorCount(cpu: usize): usize {
  return is64(cpu) ? 16 : 8;
}

/** Address of ST(i) in the register file. */
@inline
function stackRegister(cpu: usize, i: u32): usize {
  const top = (<u32>load<u16>(cpu, Cpu.fsw)) >> FSW_TOP_SHIFT;
  return cpu + Cpu.fpr + <usize>(((top + i) & 7) * Cpu.FPR_SIZE);
}

/** Copies the image to guest memory; false = fault, nothing written. */
function copyOut(cpu: usize, la: u64, from: u32, to: u32): bool {
  if (from == to) return true;
  for (let at = from; at < to; at += 16) {
    const piece = image(cpu) + at;
    if (!storeLinear128(cpu, la + at, load<u64>(piece), load<u64>(piece, 8))) return false;
  }
  return true;
}

function copyIn(cpu: usize, la: u64, from: u32, to: u32): bool {
  for (let at = from; at < to; at += 16) {
    const host = readHost(cpu, la + at, 16);
    if (host == 0) return false;
    memory.copy(image(cpu) + at, host, 16);
  }
  return true;
}

/** x87 part of the legacy area. `wide` = with REX.W: 64-bit instruction and data pointers without selectors. */
function saveX87(cpu: usize, wide: bool): void {
  const area = image(cpu);
  store<u16>(area, load<u16>(cpu, Cpu.fcw), X.fcw);
  store<u16>(area, load<u16>(cpu, Cpu.fsw), X.fsw);
  store<u16>(area, <u16>load<u8>(cpu, Cpu.ftw), X.ftw);
  store<u16>(area, load<u16>(cpu, Cpu.fop), X.fop);
  if (wide) {
    store<u64>(area, load<u64>(cpu, Cpu.fip), X.fip);
    store<u64>(area, load<u64>(cpu, Cpu.fdp), X.fdp);
  } else {
    store<u32>(area, load<u32>(cpu, Cpu.fip), X.fip);
    store<u32>(area, load<u16>(cpu, Cpu.fipSelector), X.fcs);
    store<u32>(area, load<u32>(cpu, Cpu.fdp), X.fdp);
    store<u32>(area, load<u16>(cpu, Cpu.fdpSelector), X.fds);
  }
  for (let i: u32 = 0; i < 8; i++) {
    const from = stackRegister(cpu, i);
    const to = area + X.st + ((<usize>i) << 4);
    store<u64>(to, load<u64>(from));
    store<u64>(to, <u64>load<u16>(from, 8), 8);
  }
}

function restoreX87(cpu: usize, wide: bool): void {
  const area = image(cpu);
  store<u16>(cpu, load<u16>(area, X.fsw), Cpu.fsw);
  store<u8>(cpu, load<u8>(area, X.ftw), Cpu.ftw);
  store<u16>(cpu, load<u16>(area, X.fop) & 0x7ff, Cpu.fop);
  store<u64>(cpu, wide ? load<u64>(area, X.fip) : <u64>load<u32>(area, X.fip), Cpu.fip);
  store<u64>(cpu, wide ? load<u64>(area, X.fdp) : <u64>load<u32>(area, X.fdp), Cpu.fdp);
  store<u16>(cpu, wide ? 0 : load<u16>(area, X.fcs), Cpu.fipSelector);
  store<u16>(cpu, wide ? 0 : load<u16>(area, X.fds), Cpu.fdpSelector);
  for (let i: u32 = 0; i < 8; i++) {
    const from = area + X.st + ((<usize>i) << 4);
    const to = stackRegister(cpu, i);
    store<u64>(to, load<u64>(from));
    store<u16>(to, load<u16>(from, 8), 8);
  }
  setControl(cpu, load<u16>(area, X.fcw));
}

function saveVectors(cpu: usize): void {
  const count = vectorCount(cpu);
  for (let i: usize = 0; i < count; i++) {
    memory.copy(image(cpu) + X.xmm + (i << 4), cpu + Cpu.xmm + i * Cpu.XMM_SIZE, 16);
  }
}

function restoreVectors(cpu: usize): void {
  const count = vectorCount(cpu);
  for (let i: usize = 0; i < count; i++) {
    memory.copy(cpu + Cpu.xmm + i * Cpu.XMM_SIZE, image(cpu) + X.xmm + (i << 4), 16);
  }
}

function saveMxcsr(cpu: usize): void {
  store<u32>(image(cpu), load<u32>(cpu, Cpu.mxcsr), X.mxcsr);
  store<u32>(image(cpu), MXCSR_MASK, X.mxcsrMask);
}

/** False with #NM raised if CR0 says that the FPU is absent (EM) or belongs to another task (TS). */
function available(cpu: usize, traps: u64): bool {
  if ((load<u64>(cpu, Cpu.cr0) & traps) == 0) return true;
  raise(cpu, Exception.NM, 0);
  return false;
}

/** Address of the area, aligned; 0 = fault raised. */
function areaAddress(cpu: usize, rec: usize, size: u32, alignment: u32, write: bool): u64 {
  const la = ea(cpu, rec, size, write);
  if (((<u32>la) & (alignment - 1)) != 0) protection(cpu, 0);
  return la;
}

@inline
function ok(cpu: usize): bool {
  return load<i32>(cpu, Cpu.excVector) < 0;
}

export function fxsave<T>(cpu: usize, rec: usize): bool {
  if (!available(cpu, CR0_EM | CR0_TS)) return false;
  const la = areaAddress(cpu, rec, X.LEGACY_SIZE, 16, true);
  if (!ok(cpu) || !checkWrite(cpu, la, X.LEGACY_SIZE)) return false;
  memory.fill(image(cpu), 0, X.LEGACY_SIZE);
  saveX87(cpu, sizeof<T>() == 8);
  saveMxcsr(cpu);
  saveVectors(cpu);
  // Nothing is written behind the last register: the rest of the area belongs to software.
  return copyOut(cpu, la, 0, X.xmm + ((<u32>vectorCount(cpu)) << 4));
}

export function fxrstor<T>(cpu: usize, rec: usize): bool {
  if (!available(cpu, CR0_EM | CR0_TS)) return false;
  const la = areaAddress(cpu, rec, X.LEGACY_SIZE, 16, false);
  if (!ok(cpu) || !copyIn(cpu, la, 0, X.LEGACY_SIZE)) return false;
  const mxcsr = load<u32>(image(cpu), X.mxcsr);
  if (mxcsr & ~MXCSR_MASK) return protection(cpu, 0);
  restoreX87(cpu, sizeof<T>() == 8);
  store<u32>(cpu, mxcsr, Cpu.mxcsr);
  restoreVectors(cpu);
  return true;
}

/** Checks that all instructions of the XSAVE family begin with. */
function xsaveReady(cpu: usize): bool {
  if (!hasFeature(cpu, F.XSAVE) || !osxsave(cpu)) return undefined(cpu);
  return available(cpu, CR0_TS);
}

/** Components asked for by EDX:EAX that XCR0 enables. */
function requested(cpu: usize): u64 {
  const mask = (<u64>load<u32>(cpu, Cpu.rax)) | ((<u64>load<u32>(cpu, Cpu.rdx)) << 32);
  return mask & load<u64>(cpu, Cpu.xcr0);
}

/** Components that are not in their initial state; without tracking all but a pristine x87 count as in use. */
function inUse(cpu: usize): u64 {
  let mask: u64 = X.SSE | X.AVX;
  const pristine =
    load<u16>(cpu, Cpu.fcw) == FCW_DEFAULT && load<u16>(cpu, Cpu.fsw) == 0 && load<u8>(cpu, Cpu.ftw) == 0;
  if (!pristine || load<u64>(cpu, Cpu.fip) != 0 || load<u64>(cpu, Cpu.fdp) != 0) mask |= X.X87;
  return mask;
}

/** The part of the standard area that the components in `mask` reach, header included. */
@inline
function areaEnd(mask: u64): u32 {
  return (mask & X.AVX) != 0 ? X.AVX_END : X.HEADER_END;
}

function saveUpperHalves(cpu: usize): void {
  for (let i: usize = 0; i < vectorCount(cpu); i++) {
    memory.copy(image(cpu) + X.avx + (i << 4), cpu + Cpu.xmm + i * Cpu.XMM_SIZE + 16, 16);
  }
}

function restoreUpperHalves(cpu: usize, present: bool): void {
  for (let i: usize = 0; i < vectorCount(cpu); i++) {
    const to = cpu + Cpu.xmm + i * Cpu.XMM_SIZE + 16;
    if (present) memory.copy(to, image(cpu) + X.avx + (i << 4), 16);
    else memory.fill(to, 0, 16);
  }
}

export function xsave<T>(cpu: usize, rec: usize): bool {
  if (!xsaveReady(cpu)) return false;
  const mask = requested(cpu);
  const end = areaEnd(mask);
  const la = areaAddress(cpu, rec, end, 64, true);
  if (!ok(cpu) || !checkWrite(cpu, la, end) || !copyIn(cpu, la, 0, X.HEADER_END)) return false;
  return writeComponents(cpu, la, mask, mask, sizeof<T>() == 8);
}

/** XSAVEOPT may leave out components in their initial state; it does not use the modified optimization. */
export function xsaveopt<T>(cpu: usize, rec: usize): bool {
  if (!hasFeature(cpu, F.XSAVEOPT)) return undefined(cpu);
  if (!xsaveReady(cpu)) return false;
  const mask = requested(cpu);
  const end = areaEnd(mask);
  const la = areaAddress(cpu, rec, end, 64, true);
  if (!ok(cpu) || !checkWrite(cpu, la, end) || !copyIn(cpu, la, 0, X.HEADER_END)) return false;
  return writeComponents(cpu, la, mask, mask & inUse(cpu), sizeof<T>() == 8);
}

/** Writes the components in `written` into what the area holds, and XSTATE_BV for those in `mask` (SDM vol. 1, 13.7). */
function writeComponents(cpu: usize, la: u64, mask: u64, written: u64, wide: bool): bool {
  const area = image(cpu);
  if (written & X.X87) saveX87(cpu, wide);
  if (mask & (X.SSE | X.AVX)) saveMxcsr(cpu);
  if (written & X.SSE) saveVectors(cpu);
  if (written & X.AVX) saveUpperHalves(cpu);
  store<u64>(area, (load<u64>(area, X.bitmap) & ~mask) | (mask & inUse(cpu)), X.bitmap);
  if (!copyOut(cpu, la, 0, X.xmm + 256)) return false;
  // Only XSTATE_BV of the header is written.
  if (!copyOut(cpu, la, X.bitmap, X.bitmap + 16)) return false;
  return (written & X.AVX) == 0 || copyOut(cpu, la, X.avx, X.avx + ((<u32>vectorCount(cpu)) << 4));
}

export function xrstor<T>(cpu: usize, rec: usize): bool {
  if (!xsaveReady(cpu)) return false;
  const mask = requested(cpu);
  const end = areaEnd(mask);
  const la = areaAddress(cpu, rec, end, 64, false);
  if (!ok(cpu) || !copyIn(cpu, la, 0, end)) return false;
  const area = image(cpu);
  const bitmap = load<u64>(area, X.bitmap);
  // The standard form: no component that XCR0 does not know, XCOMP_BV and the bytes behind it zero (SDM vol. 1, 13.8.1).
  if ((bitmap & ~load<u64>(cpu, Cpu.xcr0)) != 0) return protection(cpu, 0);
  if (load<u64>(area, X.bitmap + 8) != 0 || load<u64>(area, X.bitmap + 16) != 0) return protection(cpu, 0);
  const mxcsr = load<u32>(area, X.mxcsr);
  if ((mask & (X.SSE | X.AVX)) != 0 && (mxcsr & ~MXCSR_MASK) != 0) return protection(cpu, 0);
  if (mask & X.X87) {
    if (bitmap & X.X87) restoreX87(cpu, sizeof<T>() == 8);
    else initX87(cpu);
  }
  if (mask & (X.SSE | X.AVX)) store<u32>(cpu, mxcsr, Cpu.mxcsr);
  if (mask & X.SSE) {
    if (!(bitmap & X.SSE)) memory.fill(area + X.xmm, 0, 256);
    restoreVectors(cpu);
  }
  if (mask & X.AVX) restoreUpperHalves(cpu, (bitmap & X.AVX) != 0);
  return true;
}

function initX87(cpu: usize): void {
  memory.fill(cpu + Cpu.fpr, 0, 8 * Cpu.FPR_SIZE);
  store<u16>(cpu, FCW_DEFAULT, Cpu.fcw);
  store<u16>(cpu, 0, Cpu.fsw);
  store<u8>(cpu, 0, Cpu.ftw);
  store<u16>(cpu, 0, Cpu.fop);
  store<u64>(cpu, 0, Cpu.fip);
  store<u64>(cpu, 0, Cpu.fdp);
  store<u16>(cpu, 0, Cpu.fipSelector);
  store<u16>(cpu, 0, Cpu.fdpSelector);
  updateMode(cpu);
}

export function xgetbv(cpu: usize, rec: usize): bool {
  if (!hasFeature(cpu, F.XSAVE) || !osxsave(cpu)) return undefined(cpu);
  const index = load<u32>(cpu, Cpu.rcx);
  let value = load<u64>(cpu, Cpu.xcr0);
  if (index == 1 && hasFeature(cpu, F.XGETBV1)) value &= inUse(cpu);
  else if (index != 0) return protection(cpu, 0);
  store<u64>(cpu, value & 0xffffffff, Cpu.rax);
  store<u64>(cpu, value >> 32, Cpu.rdx);
  return true;
}

export function xsetbv(cpu: usize, rec: usize): bool {
  if (!hasFeature(cpu, F.XSAVE) || !osxsave(cpu)) return undefined(cpu);
  if (cplOf(cpu) != 0 || load<u32>(cpu, Cpu.rcx) != 0) return protection(cpu, 0);
  const value = (<u64>load<u32>(cpu, Cpu.rax)) | ((<u64>load<u32>(cpu, Cpu.rdx)) << 32);
  // x87 cannot be turned off, AVX needs SSE.
  const lonely = (value & (X.SSE | X.AVX)) == X.AVX;
  if (!(value & X.X87) || lonely || (value & ~xcr0Allowed(cpu)) != 0) return protection(cpu, 0);
  store<u64>(cpu, value, Cpu.xcr0);
  updateMode(cpu);
  return true;
}
