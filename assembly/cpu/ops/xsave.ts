// XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR, XRSTORS, XGETBV and XSETBV (SDM vol. 1, chapter 13). Components are x87, SSE
// and the upper halves of AVX; the compacted form lays these three out exactly as the standard form does. There is no
// supervisor component: XSAVES and XRSTORS do to XCR0's what XSAVEC and XRSTOR do.

import * as Cpu from "../../layout/cpu";
import * as F from "../../layout/cpu_features";
import * as X from "../../layout/xsave";
import { checkWrite } from "../access";
import { CR0_TS } from "../bits";
import {
  areaAddress,
  available,
  copyIn,
  copyOut,
  image,
  MXCSR_MASK,
  restoreVectors,
  restoreX87,
  saveMxcsr,
  saveVectors,
  saveX87,
  vectorCount,
} from "../fpu_area";
import { hasFeature, xcr0Allowed } from "../model";
import { osxsave, updateMode } from "../mode";
import { cplOf, faulted, protection, undefined } from "../state";

const FCW_DEFAULT: u16 = 0x37f;
const MXCSR_DEFAULT: u32 = 0x1f80;
/** XCOMP_BV: the area is in compacted form. */
const COMPACTED: u64 = (<u64>1) << 63;

// How a saving instruction differs from XSAVE.
const PLAIN: u32 = 0;
/** Components in their initial state are left out. */
const OPTIMIZED: u32 = 1;
/** Left out too, and the header says that they are, in compacted form. */
const COMPACT: u32 = 2;

/** Checks that all instructions of the family begin with. */
function xsaveReady(cpu: usize): bool {
  if (!osxsave(cpu)) return undefined(cpu);
  return available(cpu, CR0_TS);
}

/** Components asked for by EDX:EAX that XCR0 enables. */
function requested(cpu: usize): u64 {
  const mask = (<u64>load<u32>(cpu, Cpu.rax)) | ((<u64>load<u32>(cpu, Cpu.rdx)) << 32);
  return mask & load<u64>(cpu, Cpu.xcr0);
}

/** Whether 16 bytes at `offset` of any visible vector register are not zero. */
function vectorsInUse(cpu: usize, offset: usize): bool {
  const end = cpu + Cpu.xmm + vectorCount(cpu) * Cpu.XMM_SIZE;
  for (let at = cpu + Cpu.xmm + offset; at < end; at += Cpu.XMM_SIZE) {
    if ((load<u64>(at) | load<u64>(at, 8)) != 0) return true;
  }
  return false;
}

function x87InUse(cpu: usize): bool {
  if (load<u16>(cpu, Cpu.fcw) != FCW_DEFAULT || load<u16>(cpu, Cpu.fsw) != 0 || load<u8>(cpu, Cpu.ftw) != 0)
    return true;
  if ((load<u64>(cpu, Cpu.fip) | load<u64>(cpu, Cpu.fdp)) != 0 || load<u16>(cpu, Cpu.fop) != 0) return true;
  if ((load<u16>(cpu, Cpu.fipSelector) | load<u16>(cpu, Cpu.fdpSelector)) != 0) return true;
  for (let at: usize = 0; at < 8 * Cpu.FPR_SIZE; at += 8) if (load<u64>(cpu + Cpu.fpr + at) != 0) return true;
  return false;
}

/** Components that are not in their initial state; MXCSR does not count as part of SSE here. */
function inUse(cpu: usize): u64 {
  return (
    (x87InUse(cpu) ? <u64>X.X87 : 0) |
    (vectorsInUse(cpu, 0) ? <u64>X.SSE : 0) |
    (vectorsInUse(cpu, 16) ? <u64>X.AVX : 0)
  );
}

/** The part of the area that the components in `mask` reach, header included. */
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

/** What is in the area already is read first, so that the bytes between the components stay as they are. */
function save(cpu: usize, rec: usize, kind: u32, wide: bool): bool {
  const mask = requested(cpu);
  const end = areaEnd(mask);
  const la = areaAddress(cpu, rec, end, 64, true);
  if (faulted(cpu) || !checkWrite(cpu, la, end) || !copyIn(cpu, la, 0, X.HEADER_END)) return false;
  let used = inUse(cpu);
  if (kind == COMPACT && load<u32>(cpu, Cpu.mxcsr) != MXCSR_DEFAULT) used |= X.SSE;
  const written = kind == PLAIN ? mask : mask & used;
  const area = image(cpu);
  if (written & X.X87) saveX87(cpu, wide);
  if ((kind == COMPACT ? written & X.SSE : mask & (X.SSE | X.AVX)) != 0) saveMxcsr(cpu);
  if (written & X.SSE) saveVectors(cpu);
  if (written & X.AVX) saveUpperHalves(cpu);
  const kept = kind == COMPACT ? 0 : load<u64>(area, X.bitmap) & ~mask;
  store<u64>(area, kept | (mask & used), X.bitmap);
  if (kind == COMPACT) store<u64>(area, mask | COMPACTED, X.compaction);
  if (!copyOut(cpu, la, 0, X.xmm + 256)) return false;
  // The rest of the header is not written.
  if (!copyOut(cpu, la, X.bitmap, X.bitmap + 16)) return false;
  return (written & X.AVX) == 0 || copyOut(cpu, la, X.avx, X.avx + ((<u32>vectorCount(cpu)) << 4));
}

export function xsave<T>(cpu: usize, rec: usize): bool {
  return xsaveReady(cpu) && save(cpu, rec, PLAIN, sizeof<T>() == 8);
}

export function xsaveopt<T>(cpu: usize, rec: usize): bool {
  return xsaveReady(cpu) && save(cpu, rec, OPTIMIZED, sizeof<T>() == 8);
}

export function xsavec<T>(cpu: usize, rec: usize): bool {
  return xsaveReady(cpu) && save(cpu, rec, COMPACT, sizeof<T>() == 8);
}

export function xsaves<T>(cpu: usize, rec: usize): bool {
  if (!xsaveReady(cpu)) return false;
  if (cplOf(cpu) != 0) return protection(cpu, 0);
  return save(cpu, rec, COMPACT, sizeof<T>() == 8);
}

/** The rules of the header (SDM vol. 1, 13.8.1, 13.8.2 and 13.12). */
function headerValid(cpu: usize, onlyCompacted: bool): bool {
  const area = image(cpu);
  const bitmap = load<u64>(area, X.bitmap);
  const compaction = load<u64>(area, X.compaction);
  let rest: u64 = 0;
  for (let at = X.bitmap + 16; at < X.HEADER_END; at += 8) rest |= load<u64>(area + at);
  const xcr0 = load<u64>(cpu, Cpu.xcr0);
  if (!(compaction & COMPACTED)) {
    // The standard form reserves only the first of the 48 bytes behind XCOMP_BV.
    return !onlyCompacted && compaction == 0 && load<u64>(area, X.bitmap + 16) == 0 && (bitmap & ~xcr0) == 0;
  }
  if (!onlyCompacted && !hasFeature(cpu, F.XSAVEC)) return false;
  return rest == 0 && (compaction & ~COMPACTED & ~xcr0) == 0 && (bitmap & ~compaction) == 0;
}

function restore(cpu: usize, rec: usize, onlyCompacted: bool, wide: bool): bool {
  const mask = requested(cpu);
  const end = areaEnd(mask);
  const la = areaAddress(cpu, rec, end, 64, false);
  if (faulted(cpu) || !copyIn(cpu, la, 0, end)) return false;
  if (!headerValid(cpu, onlyCompacted)) return protection(cpu, 0);
  const area = image(cpu);
  const bitmap = load<u64>(area, X.bitmap);
  const compacted = (load<u64>(area, X.compaction) & COMPACTED) != 0;
  let mxcsr = load<u32>(cpu, Cpu.mxcsr);
  if (!compacted) {
    if (mask & (X.SSE | X.AVX)) mxcsr = load<u32>(area, X.mxcsr);
  } else if (mask & X.SSE) mxcsr = (bitmap & X.SSE) != 0 ? load<u32>(area, X.mxcsr) : MXCSR_DEFAULT;
  if (mxcsr & ~MXCSR_MASK) return protection(cpu, 0);
  store<u32>(cpu, mxcsr, Cpu.mxcsr);
  if (mask & X.X87) {
    if (bitmap & X.X87) restoreX87(cpu, wide);
    else initX87(cpu);
  }
  if (mask & X.SSE) {
    if (!(bitmap & X.SSE)) memory.fill(area + X.xmm, 0, 256);
    restoreVectors(cpu);
  }
  if (mask & X.AVX) restoreUpperHalves(cpu, (bitmap & X.AVX) != 0);
  return true;
}

export function xrstor<T>(cpu: usize, rec: usize): bool {
  return xsaveReady(cpu) && restore(cpu, rec, false, sizeof<T>() == 8);
}

export function xrstors<T>(cpu: usize, rec: usize): bool {
  if (!xsaveReady(cpu)) return false;
  if (cplOf(cpu) != 0) return protection(cpu, 0);
  return restore(cpu, rec, true, sizeof<T>() == 8);
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
  if (!osxsave(cpu)) return undefined(cpu);
  const index = load<u32>(cpu, Cpu.rcx);
  let value = load<u64>(cpu, Cpu.xcr0);
  if (index == 1 && hasFeature(cpu, F.XGETBV1)) {
    value &= inUse(cpu) | (load<u32>(cpu, Cpu.mxcsr) != MXCSR_DEFAULT ? <u64>X.SSE : 0);
  } else if (index != 0) return protection(cpu, 0);
  store<u64>(cpu, value & 0xffffffff, Cpu.rax);
  store<u64>(cpu, value >> 32, Cpu.rdx);
  return true;
}

export function xsetbv(cpu: usize, rec: usize): bool {
  if (!osxsave(cpu)) return undefined(cpu);
  if (cplOf(cpu) != 0 || load<u32>(cpu, Cpu.rcx) != 0) return protection(cpu, 0);
  const value = (<u64>load<u32>(cpu, Cpu.rax)) | ((<u64>load<u32>(cpu, Cpu.rdx)) << 32);
  // x87 cannot be turned off, AVX needs SSE.
  const lonely = (value & (X.SSE | X.AVX)) == X.AVX;
  if (!(value & X.X87) || lonely || (value & ~xcr0Allowed(cpu)) != 0) return protection(cpu, 0);
  store<u64>(cpu, value, Cpu.xcr0);
  updateMode(cpu);
  return true;
}
