// Far returns and IRET in every mode (SDM vol. 2, RET and IRET). `size` is the operand size in bytes.

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import * as Record from "../layout/record";
import { ATTR_DB, ATTR_L, CR4_VME } from "./bits";
import {
  attrOf,
  describe,
  describeNull,
  dplOf,
  fetchDescriptor,
  isNull,
  rawOf,
  segmentOf,
  selectorError,
} from "./descriptor";
import { unblockNmi } from "./exceptions";
import { enterRealCode } from "./far";
import { AC, ARITHMETIC, DF, ID, IF, IOPL, NT, RF, setFlags, TF, VIF, VIP, VM } from "./flags";
import { frameCommit, frameCurrent, framePop, frameSkip, MASK_64 } from "./frame";
import {
  forgetResume,
  ioplOf,
  isLong,
  isProtected,
  isV86,
  settleVirtualInterrupt,
  updateMode,
  updateSegments,
} from "./mode";
import { checkStackSegment, dropInnerSegments, loadParagraph } from "./segments";
import { setStackPointer } from "./stack";
import { cplOf, faulted, is64, protection } from "./state";
import { taskReturn } from "./task";
import { checkPresentCode, checkTarget, enterCode, holdCode, isCode, isConforming } from "./transfer";

/** RETF, releasing `bytes` bytes of parameters. */
export function farReturn(cpu: usize, size: u32, bytes: u32): bool {
  frameCurrent(cpu);
  const rip = framePop(cpu, size);
  const selector = (<u32>framePop(cpu, size)) & 0xffff;
  if (faulted(cpu)) return false;
  if (!isProtected(cpu) || isV86(cpu)) {
    if (!enterRealCode(cpu, selector, rip)) return false;
    frameSkip(cpu, bytes);
    frameCommit(cpu);
    return true;
  }
  frameSkip(cpu, bytes);
  if (!checkReturnCode(cpu, selector, rip)) return false;
  return (selector & 3) == cplOf(cpu) ? returnSame(cpu, rip) : returnOuter(cpu, rip, size, bytes, false);
}

/** The code segment of a return: not more privileged than CPL, as its selector's RPL says. It is held on success. */
function checkReturnCode(cpu: usize, selector: u32, rip: u64): bool {
  if (isNull(selector)) return protection(cpu, 0);
  if (!fetchDescriptor(cpu, selector, Exception.GP)) return false;
  const attr = attrOf(rawOf(cpu));
  const rpl = selector & 3;
  const dpl = dplOf(attr);
  const allowed = isCode(attr) && rpl >= cplOf(cpu) && (isConforming(attr) ? dpl <= rpl : dpl == rpl);
  if (!allowed) return protection(cpu, selectorError(selector));
  if (!checkPresentCode(cpu, selector) || !checkTarget(cpu, rip)) return false;
  return holdCode(cpu, selector);
}

function returnSame(cpu: usize, rip: u64): bool {
  frameCommit(cpu);
  enterCode(cpu, rip);
  return true;
}

/** Whether the code segment held is 64-bit. */
function heldIs64(cpu: usize): bool {
  return isLong(cpu) && (load<u32>(cpu + CpuSystem.newCode, Cpu.segAttr) & ATTR_L) != 0;
}

/** Pops RSP and SS and returns to another privilege, or (IRETQ) to the same. With `flags`, loads the flags popped. */
function returnOuter(cpu: usize, rip: u64, size: u32, bytes: u32, flags: bool): bool {
  const rsp = framePop(cpu, size);
  const ss = (<u32>framePop(cpu, size)) & 0xffff;
  if (faulted(cpu)) return false;
  const rpl = (<u32>load<u16>(cpu + CpuSystem.newCode, Cpu.segSelector)) & 3;
  const stack = cpu + CpuSystem.frameStack;
  if (isNull(ss)) {
    // 64-bit code below privilege 3 may run without a stack segment.
    if (!heldIs64(cpu) || rpl == 3 || (ss & 3) != rpl) return protection(cpu, 0);
    describeNull(stack, ss);
  } else {
    if (!checkStackSegment(cpu, ss, rpl, Exception.GP)) return false;
    describe(cpu, stack, ss);
  }
  const outer = rpl != cplOf(cpu);
  if (flags) loadReturnFlags(cpu, size);
  enterCode(cpu, rip);
  memory.copy(segmentOf(cpu, Cpu.SS), stack, Cpu.SEG_SIZE);
  const wide = (load<u32>(stack, Cpu.segAttr) & ATTR_DB) != 0;
  const mask: u64 = is64(cpu) ? MASK_64 : wide ? 0xffffffff : 0xffff;
  setStackPointer(cpu, rsp + bytes, mask);
  if (outer) dropInnerSegments(cpu);
  updateSegments(cpu);
  return true;
}

/** EFLAGS bits that IRET may change at the current privilege. */
function returnMask(cpu: usize, size: u32): u32 {
  let mask = ARITHMETIC | TF | DF | NT;
  if (size != 2) mask |= RF | AC | ID;
  if (cplOf(cpu) == 0) {
    mask |= IOPL;
    if (size != 2) mask |= VIF | VIP;
  }
  if (cplOf(cpu) <= ioplOf(cpu)) mask |= IF;
  return mask;
}

/** Loads the popped flags with the rights of the privilege that executes IRET. */
function loadReturnFlags(cpu: usize, size: u32): void {
  setFlags(cpu, <u32>load<u64>(cpu, CpuSystem.poppedFlags), returnMask(cpu, size));
  forgetResume(cpu);
}

export function interruptReturn(cpu: usize, size: u32): bool {
  unblockNmi(cpu);
  if (!isProtected(cpu)) return returnReal(cpu, size);
  if (isV86(cpu)) return returnV86(cpu, size);
  if ((load<u32>(cpu, Cpu.eflags) & NT) != 0) return isLong(cpu) ? protection(cpu, 0) : taskReturn(cpu);
  return returnProtected(cpu, size) && settleVirtualInterrupt(cpu);
}

/** Pops IP, CS and FLAGS; the selector, or -1 after a fault. */
function popReturn(cpu: usize, size: u32): i32 {
  frameCurrent(cpu);
  store<u64>(cpu, framePop(cpu, size), CpuSystem.poppedRip);
  const selector = <i32>((<u32>framePop(cpu, size)) & 0xffff);
  store<u64>(cpu, framePop(cpu, size), CpuSystem.poppedFlags);
  return faulted(cpu) ? -1 : selector;
}

function returnReal(cpu: usize, size: u32): bool {
  const selector = popReturn(cpu, size);
  if (selector < 0 || !enterRealCode(cpu, <u32>selector, load<u64>(cpu, CpuSystem.poppedRip))) return false;
  frameCommit(cpu);
  let mask = ARITHMETIC | TF | IF | DF | IOPL | NT;
  if (size != 2) mask |= RF | AC | ID;
  setFlags(cpu, <u32>load<u64>(cpu, CpuSystem.poppedFlags), mask);
  forgetResume(cpu);
  updateMode(cpu);
  return true;
}

/** IRET by a virtual-8086 program: IOPL 3, or with VME a 16-bit IRET that works on VIF (SDM vol. 3, 20.3.3.4). */
function returnV86(cpu: usize, size: u32): bool {
  const iopl3 = ioplOf(cpu) == 3;
  const vme = (load<u64>(cpu, Cpu.cr4) & CR4_VME) != 0;
  if (!iopl3 && (!vme || size != 2)) return protection(cpu, 0);
  const selector = popReturn(cpu, size);
  if (selector < 0) return false;
  let flags = <u32>load<u64>(cpu, CpuSystem.poppedFlags);
  let mask = ARITHMETIC | TF | DF | NT;
  if (size != 2) mask |= RF | AC | ID;
  if (iopl3) {
    mask |= IF;
  } else {
    const pending = (flags & IF) != 0 && (load<u32>(cpu, Cpu.eflags) & VIP) != 0;
    if (pending || (flags & TF) != 0) return protection(cpu, 0);
    flags = (flags & 0xffff) | ((flags & IF) != 0 ? VIF : 0);
    mask |= VIF;
  }
  if (!enterRealCode(cpu, <u32>selector, load<u64>(cpu, CpuSystem.poppedRip))) return false;
  frameCommit(cpu);
  setFlags(cpu, flags, mask);
  forgetResume(cpu);
  updateMode(cpu);
  return true;
}

function returnProtected(cpu: usize, size: u32): bool {
  const from64 = (load<u32>(cpu, Cpu.mode) & Record.MODE_SIZE) == Record.MODE_64;
  const popped = popReturn(cpu, size);
  if (popped < 0) return false;
  const selector = <u32>popped;
  const rip = load<u64>(cpu, CpuSystem.poppedRip);
  const toV86 = ((<u32>load<u64>(cpu, CpuSystem.poppedFlags)) & VM) != 0;
  if (toV86 && size == 4 && cplOf(cpu) == 0 && !isLong(cpu)) return returnToV86(cpu, selector, rip);
  if (!checkReturnCode(cpu, selector, rip)) return false;
  // 64-bit code always pops a stack pointer.
  if (from64 || (selector & 3) != cplOf(cpu)) return returnOuter(cpu, rip, size, 0, true);
  loadReturnFlags(cpu, size);
  return returnSame(cpu, rip);
}

/** Pops ESP, SS, ES, DS, FS, GS and enters virtual-8086 mode. */
function returnToV86(cpu: usize, selector: u32, rip: u64): bool {
  const image = cpu + CpuSystem.image;
  for (let i: usize = 0; i < 6; i++) store<u32>(image + (i << 2), <u32>framePop(cpu, 4));
  if (faulted(cpu)) return false;
  if (rip > 0xffff) return protection(cpu, 0);
  const mask = ARITHMETIC | TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID;
  setFlags(cpu, <u32>load<u64>(cpu, CpuSystem.poppedFlags), mask);
  forgetResume(cpu);
  updateMode(cpu);
  loadParagraph(cpu, Cpu.CS, selector);
  loadParagraph(cpu, Cpu.SS, load<u32>(image, 4));
  loadParagraph(cpu, Cpu.ES, load<u32>(image, 8));
  loadParagraph(cpu, Cpu.DS, load<u32>(image, 12));
  loadParagraph(cpu, Cpu.FS, load<u32>(image, 16));
  loadParagraph(cpu, Cpu.GS, load<u32>(image, 20));
  store<u64>(cpu, <u64>load<u32>(image), Cpu.rsp);
  store<u64>(cpu, rip, Cpu.rip);
  updateMode(cpu);
  return true;
}
