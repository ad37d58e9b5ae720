// Control and status word, FINIT, FCLEX, FWAIT, and the environment: FLDENV, FSTENV, FSAVE, FRSTOR.

import * as Cpu from "../../layout/cpu";
import * as CpuSystem from "../../layout/cpu_system";
import * as Exception from "../../layout/exception";
import { checkWrite, readHost, storeLinear } from "../access";
import { CR0_TS } from "../bits";
import { isRealOrV86, updateMode } from "../mode";
import { ea } from "../operand";
import { faulted, raise } from "../state";
import { errorReady } from "../units";
import { classify, copy80, headOf, NORMAL, put80, significandOf, ZERO } from "../../softfloat/float80";
import { BUSY, EXCEPTIONS, fcwOf, fswOf, setFsw, st, STACK_FAULT, SUMMARY } from "./x87_state";

const CR0_MP: u64 = 2;
const FCW_INITIAL: u32 = 0x37f;
/** Bits of the control word that can be written; bit 6 always reads as 1. */
export const FCW_BITS: u32 = 0x1f3f;
export const FCW_FIXED: u32 = 0x40;

/** Sets the control word and what follows from it: error summary, busy bit, the trap of waiting instructions. */
export function setControl(cpu: usize, fcw: u32): void {
  store<u16>(cpu, <u16>((fcw & FCW_BITS) | FCW_FIXED), Cpu.fcw);
  const fsw = fswOf(cpu) & ~(SUMMARY | BUSY);
  const pending = (fsw & ~fcw & EXCEPTIONS) != 0;
  setFsw(cpu, pending ? fsw | SUMMARY | BUSY : fsw);
  if (!pending) store<u32>(cpu, 0, Cpu.ignne);
  updateMode(cpu);
}

export function fldcw(cpu: usize, rec: usize): bool {
  const host = readHost(cpu, ea(cpu, rec, 2, false), 2);
  if (host == 0) return false;
  setControl(cpu, load<u16>(host));
  return true;
}

export function fnstcw(cpu: usize, rec: usize): bool {
  return storeLinear<u16>(cpu, ea(cpu, rec, 2, true), load<u16>(cpu, Cpu.fcw));
}

export function fnstsw(cpu: usize, rec: usize): bool {
  return storeLinear<u16>(cpu, ea(cpu, rec, 2, true), load<u16>(cpu, Cpu.fsw));
}

export function fnstswAx(cpu: usize, rec: usize): bool {
  store<u16>(cpu, load<u16>(cpu, Cpu.fsw), Cpu.rax);
  return true;
}

export function fnclex(cpu: usize, rec: usize): bool {
  setFsw(cpu, fswOf(cpu) & ~(EXCEPTIONS | STACK_FAULT | SUMMARY | BUSY));
  setControl(cpu, fcwOf(cpu));
  return true;
}

function initialize(cpu: usize): void {
  setFsw(cpu, 0);
  store<u8>(cpu, 0, Cpu.ftw);
  store<u16>(cpu, 0, Cpu.fop);
  store<u64>(cpu, 0, Cpu.fip);
  store<u64>(cpu, 0, Cpu.fdp);
  store<u16>(cpu, 0, Cpu.fipSelector);
  store<u16>(cpu, 0, Cpu.fdpSelector);
  setControl(cpu, FCW_INITIAL);
}

/** The registers keep their contents; they only count as empty. */
export function fninit(cpu: usize, rec: usize): bool {
  initialize(cpu);
  return true;
}

/** FNENI, FNDISI and FNSETPM of the 8087 and 287 do nothing since the 387. */
export function ignored(cpu: usize, rec: usize): bool {
  return true;
}

/** WAIT: of CR0 only MP with TS counts (SDM vol. 3, table 2-2). */
export function fwait(cpu: usize, rec: usize): bool {
  const traps = CR0_MP | CR0_TS;
  if ((load<u64>(cpu, Cpu.cr0) & traps) == traps) {
    raise(cpu, Exception.NM, 0);
    return false;
  }
  return errorReady(cpu);
}

/** The two tag bits of every physical register; the state itself only knows which are empty. */
function fullTags(cpu: usize): u32 {
  const valid = <u32>load<u8>(cpu, Cpu.ftw);
  let tags: u32 = 0;
  for (let n: u32 = 0; n < 8; n++) {
    let tag: u32 = 3;
    if ((valid >> n) & 1) {
      const kind = classify(cpu + Cpu.fpr + ((<usize>n) << 4));
      tag = kind == NORMAL ? 0 : kind == ZERO ? 1 : 2;
    }
    tags |= tag << (n << 1);
  }
  return tags;
}

function setFullTags(cpu: usize, tags: u32): void {
  let valid: u32 = 0;
  for (let n: u32 = 0; n < 8; n++) {
    if (((tags >> (n << 1)) & 3) != 3) valid |= 1 << n;
  }
  store<u8>(cpu, <u8>valid, Cpu.ftw);
}

/** Bytes of the environment in the format of an operand size. */
@inline
function environmentSize<T>(): u32 {
  return sizeof<T>() == 2 ? 14 : 28;
}

@inline
function image(cpu: usize): usize {
  return cpu + CpuSystem.image;
}

/** A field of the environment; in the wide format the upper half of a word is ones. */
@inline
function putWord<T>(area: usize, n: u32, value: u32): void {
  if (sizeof<T>() == 2) store<u16>(area + ((<usize>n) << 1), <u16>value);
  else store<u32>(area + ((<usize>n) << 2), value | 0xffff0000);
}

@inline
function getWord<T>(area: usize, n: u32): u32 {
  return sizeof<T>() == 2 ? <u32>load<u16>(area + ((<usize>n) << 1)) : load<u32>(area + ((<usize>n) << 2));
}

/** Builds the environment (SDM vol. 1, figures 8-9 to 8-12). */
function buildEnvironment<T>(cpu: usize): void {
  const area = image(cpu);
  putWord<T>(area, 0, fcwOf(cpu));
  putWord<T>(area, 1, fswOf(cpu));
  putWord<T>(area, 2, fullTags(cpu));
  if (isRealOrV86(cpu)) return buildLinearPointers<T>(cpu, area);
  const opcode = (<u32>load<u16>(cpu, Cpu.fop)) << 16;
  if (sizeof<T>() == 2) {
    putWord<T>(area, 3, load<u16>(cpu, Cpu.fip));
    putWord<T>(area, 4, load<u16>(cpu, Cpu.fipSelector));
    putWord<T>(area, 5, load<u16>(cpu, Cpu.fdp));
    putWord<T>(area, 6, load<u16>(cpu, Cpu.fdpSelector));
  } else {
    store<u32>(area, load<u32>(cpu, Cpu.fip), 12);
    store<u32>(area, (<u32>load<u16>(cpu, Cpu.fipSelector)) | opcode, 16);
    store<u32>(area, load<u32>(cpu, Cpu.fdp), 20);
    store<u32>(area, (<u32>load<u16>(cpu, Cpu.fdpSelector)) | 0xffff0000, 24);
  }
}

/** In real and virtual-8086 mode the pointers are linear addresses, and the opcode shares a word with one. */
function buildLinearPointers<T>(cpu: usize, area: usize): void {
  const fip = load<u32>(cpu, Cpu.fip) + ((<u32>load<u16>(cpu, Cpu.fipSelector)) << 4);
  const fdp = load<u32>(cpu, Cpu.fdp) + ((<u32>load<u16>(cpu, Cpu.fdpSelector)) << 4);
  const opcode = <u32>load<u16>(cpu, Cpu.fop);
  putWord<T>(area, 3, fip & 0xffff);
  putWord<T>(area, 5, fdp & 0xffff);
  const fipHigh = ((fip >> 16) << 12) | opcode;
  const fdpHigh = (fdp >> 16) << 12;
  if (sizeof<T>() == 2) {
    putWord<T>(area, 4, fipHigh);
    putWord<T>(area, 6, fdpHigh);
  } else {
    store<u32>(area, fipHigh & 0x0fffffff, 16);
    store<u32>(area, fdpHigh & 0x0fffffff, 24);
  }
}

function takeEnvironment<T>(cpu: usize): void {
  const area = image(cpu);
  setFullTags(cpu, getWord<T>(area, 2));
  takePointers<T>(cpu, area);
  setFsw(cpu, getWord<T>(area, 1) & 0xffff);
  setControl(cpu, getWord<T>(area, 0) & 0xffff);
}

function takePointers<T>(cpu: usize, area: usize): void {
  let fip = getWord<T>(area, 3);
  let fdp = getWord<T>(area, 5);
  const third = getWord<T>(area, 4);
  const fourth = getWord<T>(area, 6);
  if (isRealOrV86(cpu)) {
    const high: u32 = sizeof<T>() == 2 ? 0xf000 : 0x0ffff000;
    fip = (fip & 0xffff) | ((third & high) << 4);
    fdp = (fdp & 0xffff) | ((fourth & high) << 4);
    store<u16>(cpu, 0, Cpu.fipSelector);
    store<u16>(cpu, 0, Cpu.fdpSelector);
    store<u16>(cpu, <u16>(third & 0x7ff), Cpu.fop);
  } else {
    store<u16>(cpu, <u16>third, Cpu.fipSelector);
    store<u16>(cpu, <u16>fourth, Cpu.fdpSelector);
    store<u16>(cpu, sizeof<T>() == 2 ? 0 : <u16>((third >> 16) & 0x7ff), Cpu.fop);
  }
  store<u64>(cpu, fip, Cpu.fip);
  store<u64>(cpu, fdp, Cpu.fdp);
}

/** Copies the image to guest memory; false = fault, nothing written. */
function copyOut(cpu: usize, la: u64, size: u32): bool {
  if (faulted(cpu) || !checkWrite(cpu, la, size)) return false;
  for (let at: u32 = 0; at < size; at += 2) {
    if (!storeLinear<u16>(cpu, la + at, load<u16>(image(cpu) + at))) return false;
  }
  return true;
}

function copyIn(cpu: usize, la: u64, size: u32): bool {
  for (let at: u32 = 0; at < size; at += 2) {
    const host = readHost(cpu, la + at, 2);
    if (host == 0) return false;
    store<u16>(image(cpu) + at, load<u16>(host));
  }
  return true;
}

/** Afterwards all exceptions are masked. */
export function fnstenv<T>(cpu: usize, rec: usize): bool {
  const la = ea(cpu, rec, environmentSize<T>(), true);
  buildEnvironment<T>(cpu);
  if (!copyOut(cpu, la, environmentSize<T>())) return false;
  setControl(cpu, fcwOf(cpu) | EXCEPTIONS);
  return true;
}

export function fldenv<T>(cpu: usize, rec: usize): bool {
  if (!copyIn(cpu, ea(cpu, rec, environmentSize<T>(), false), environmentSize<T>())) return false;
  takeEnvironment<T>(cpu);
  return true;
}

export function fnsave<T>(cpu: usize, rec: usize): bool {
  const size = environmentSize<T>();
  const la = ea(cpu, rec, size + 80, true);
  buildEnvironment<T>(cpu);
  for (let i: u32 = 0; i < 8; i++) copy80(image(cpu) + size + 10 * i, st(cpu, i));
  if (!copyOut(cpu, la, size + 80)) return false;
  initialize(cpu);
  return true;
}

export function frstor<T>(cpu: usize, rec: usize): bool {
  const size = environmentSize<T>();
  if (!copyIn(cpu, ea(cpu, rec, size + 80, false), size + 80)) return false;
  takeEnvironment<T>(cpu);
  for (let i: u32 = 0; i < 8; i++) {
    const from = image(cpu) + size + 10 * i;
    put80(st(cpu, i), headOf(from), significandOf(from));
  }
  return true;
}
