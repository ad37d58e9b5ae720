// SYSCALL, SYSRET, SYSENTER, SYSEXIT: transfers between privileges 3 and 0 with flat segments made up on the spot.
// Where the vendors differ (SYSCALL outside 64-bit mode, SYSENTER in IA-32e mode) the model's vendor decides.

import * as Cpu from "../layout/cpu";
import { isCanonical } from "../mem/walk";
import { ATTR_DB, ATTR_L, EFER_SCE } from "./bits";
import { segmentOf } from "./descriptor";
import { getFlags, IF, RF, setFlags, TF, VM } from "./flags";
import { isIntel } from "./model";
import { isLong, isProtected, settleVirtualInterrupt, updateMode } from "./mode";
import { cplOf, is64, protection, undefined } from "./state";

/** Present, 4 KiB granularity, accessed: code readable, data writable; the rest is or-ed in. */
const FLAT_CODE: u32 = 0x809b;
const FLAT_DATA: u32 = 0xc093;
/** EFLAGS bits that SYSRET restores from R11: all but RF, VM and the reserved ones. */
const SYSRET_FLAGS: u32 = 0x3c7fd5;

function loadFlat(cpu: usize, seg: u32, selector: u32, attr: u32): void {
  const s = segmentOf(cpu, seg);
  store<u16>(s, <u16>selector, Cpu.segSelector);
  store<u32>(s, attr | ((selector & 3) << 5), Cpu.segAttr);
  store<u64>(s, 0, Cpu.segBase);
  store<u32>(s, <u32>-1, Cpu.segLimit);
}

/** CS and SS of the new privilege. */
function loadFlatPair(cpu: usize, cs: u32, ss: u32, wide: bool): void {
  loadFlat(cpu, Cpu.CS, cs, FLAT_CODE | (wide ? ATTR_L : ATTR_DB));
  loadFlat(cpu, Cpu.SS, ss, FLAT_DATA);
  store<u32>(cpu, cs & 3, Cpu.cpl);
}

/** SYSCALL and SYSRET exist with EFER.SCE; an Intel processor has them in 64-bit mode only. */
function hasSyscall(cpu: usize): bool {
  if (!(load<u64>(cpu, Cpu.efer) & EFER_SCE) || !isProtected(cpu)) return false;
  return !isIntel(cpu) || is64(cpu);
}

export function syscallEntry(cpu: usize): bool {
  if (!hasSyscall(cpu)) return undefined(cpu);
  const star = load<u64>(cpu, Cpu.star);
  const selector = (<u32>(star >> 32)) & 0xfffc;
  const rip = load<u64>(cpu, Cpu.rip);
  if (isLong(cpu)) {
    const target = is64(cpu) ? load<u64>(cpu, Cpu.lstar) : load<u64>(cpu, Cpu.cstar);
    const flags = getFlags(cpu);
    store<u64>(cpu, rip, Cpu.rcx);
    store<u64>(cpu, <u64>(flags & ~RF), Cpu.gpr + 11 * 8);
    setFlags(cpu, 0, load<u32>(cpu, Cpu.sfmask) | RF);
    // A mask with TF takes the single step away already here.
    if (load<u32>(cpu, Cpu.sfmask) & TF) store<u32>(cpu, 1, Cpu.delivered);
    loadFlatPair(cpu, selector, selector + 8, true);
    store<u64>(cpu, target, Cpu.rip);
  } else {
    store<u64>(cpu, rip & 0xffffffff, Cpu.rcx);
    setFlags(cpu, 0, IF | VM | RF);
    loadFlatPair(cpu, selector, selector + 8, false);
    store<u64>(cpu, star & 0xffffffff, Cpu.rip);
  }
  updateMode(cpu);
  return true;
}

export function syscallExit(cpu: usize, wide: bool): bool {
  if (!hasSyscall(cpu)) return undefined(cpu);
  if (cplOf(cpu) != 0) return protection(cpu, 0);
  const selector = (<u32>(load<u64>(cpu, Cpu.star) >> 48)) & 0xffff;
  const rcx = load<u64>(cpu, Cpu.rcx);
  // Here Intel raises #GP in the kernel; on AMD the fetch faults in user mode.
  if (wide && isIntel(cpu) && !isCanonical(rcx)) return protection(cpu, 0);
  if (isLong(cpu)) setFlags(cpu, load<u32>(cpu, Cpu.gpr + 11 * 8), SYSRET_FLAGS);
  else setFlags(cpu, IF, IF);
  loadFlatPair(cpu, (selector + (wide ? 16 : 0)) | 3, (selector + 8) | 3, wide);
  store<u64>(cpu, wide ? rcx : rcx & 0xffffffff, Cpu.rip);
  updateMode(cpu);
  return settleVirtualInterrupt(cpu);
}

/** AMD has no SYSENTER in IA-32e mode. */
function hasSysenter(cpu: usize): bool {
  return isIntel(cpu) || !isLong(cpu);
}

export function enterFast(cpu: usize): bool {
  if (!hasSysenter(cpu)) return undefined(cpu);
  const selector = load<u32>(cpu, Cpu.sysenterCs) & 0xfffc;
  if (!isProtected(cpu) || selector == 0) return protection(cpu, 0);
  const long = isLong(cpu);
  setFlags(cpu, 0, IF | VM | RF);
  loadFlatPair(cpu, selector, selector + 8, long);
  const mask: u64 = long ? <u64>-1 : 0xffffffff;
  store<u64>(cpu, load<u64>(cpu, Cpu.sysenterEsp) & mask, Cpu.rsp);
  store<u64>(cpu, load<u64>(cpu, Cpu.sysenterEip) & mask, Cpu.rip);
  updateMode(cpu);
  return true;
}

export function exitFast(cpu: usize, wide: bool): bool {
  if (!hasSysenter(cpu)) return undefined(cpu);
  const selector = load<u32>(cpu, Cpu.sysenterCs) & 0xfffc;
  if (!isProtected(cpu) || selector == 0 || cplOf(cpu) != 0) return protection(cpu, 0);
  const rip = load<u64>(cpu, Cpu.rdx);
  const rsp = load<u64>(cpu, Cpu.rcx);
  if (wide && !(isCanonical(rip) && isCanonical(rsp))) return protection(cpu, 0);
  loadFlatPair(cpu, (selector + (wide ? 32 : 16)) | 3, (selector + (wide ? 40 : 24)) | 3, wide);
  store<u64>(cpu, wide ? rsp : rsp & 0xffffffff, Cpu.rsp);
  store<u64>(cpu, wide ? rip : rip & 0xffffffff, Cpu.rip);
  updateMode(cpu);
  return true;
}
