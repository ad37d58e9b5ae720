// The FXSAVE area and what the XSAVE area shares with it: registers to and from CpuSystem.image, and that to and from
// the guest's memory, which is read and written once, whole 16-byte pieces at a time.

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import * as X from "../layout/xsave";
import { readHost, storeLinear128 } from "./access";
import { ea } from "./operand";
import { setControl } from "./ops/x87_control";
import { is64, protection, raise } from "./state";

/** MXCSR bits that exist: all sixteen, DAZ included. */
export const MXCSR_MASK: u32 = 0xffff;
const FSW_TOP_SHIFT: u32 = 11;

@inline
export function image(cpu: usize): usize {
  return cpu + CpuSystem.image;
}

/** XMM registers that can be seen: eight outside 64-bit mode. */
@inline
export function vectorCount(cpu: usize): usize {
  return is64(cpu) ? 16 : 8;
}

/** Address of ST(i) in the register file. */
@inline
function stackRegister(cpu: usize, i: u32): usize {
  const top = (<u32>load<u16>(cpu, Cpu.fsw)) >> FSW_TOP_SHIFT;
  return cpu + Cpu.fpr + <usize>(((top + i) & 7) * Cpu.FPR_SIZE);
}

/** Copies the image to guest memory; false = fault, nothing written. */
export function copyOut(cpu: usize, la: u64, from: u32, to: u32): bool {
  for (let at = from; at < to; at += 16) {
    const piece = image(cpu) + at;
    if (!storeLinear128(cpu, la + at, load<u64>(piece), load<u64>(piece, 8))) return false;
  }
  return true;
}

export function copyIn(cpu: usize, la: u64, from: u32, to: u32): bool {
  for (let at = from; at < to; at += 16) {
    const host = readHost(cpu, la + at, 16);
    if (host == 0) return false;
    memory.copy(image(cpu) + at, host, 16);
  }
  return true;
}

/** x87 part of the legacy area. `wide` = with REX.W: 64-bit instruction and data pointers without selectors. */
export function saveX87(cpu: usize, wide: bool): void {
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

export function restoreX87(cpu: usize, wide: bool): void {
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

export function saveVectors(cpu: usize): void {
  const count = vectorCount(cpu);
  for (let i: usize = 0; i < count; i++) {
    memory.copy(image(cpu) + X.xmm + (i << 4), cpu + Cpu.xmm + i * Cpu.XMM_SIZE, 16);
  }
}

export function restoreVectors(cpu: usize): void {
  const count = vectorCount(cpu);
  for (let i: usize = 0; i < count; i++) {
    memory.copy(cpu + Cpu.xmm + i * Cpu.XMM_SIZE, image(cpu) + X.xmm + (i << 4), 16);
  }
}

export function saveMxcsr(cpu: usize): void {
  store<u32>(image(cpu), load<u32>(cpu, Cpu.mxcsr), X.mxcsr);
  store<u32>(image(cpu), MXCSR_MASK, X.mxcsrMask);
}

/** False with #NM raised if CR0 says that the FPU is absent (EM) or belongs to another task (TS). */
export function available(cpu: usize, traps: u64): bool {
  if ((load<u64>(cpu, Cpu.cr0) & traps) == 0) return true;
  raise(cpu, Exception.NM, 0);
  return false;
}

/** Address of the area, aligned; 0 = fault raised. */
export function areaAddress(cpu: usize, rec: usize, size: u32, alignment: u32, write: bool): u64 {
  const la = ea(cpu, rec, size, write);
  if (((<u32>la) & (alignment - 1)) != 0) protection(cpu, 0);
  return la;
}
