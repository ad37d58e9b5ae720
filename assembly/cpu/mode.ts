// What the run loop derives from control registers, flags and CS: code size, privilege, TLB set, traps of FPU and SSE.

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Record from "../layout/record";
import { dataSet } from "../mem/walk";
import {
  ATTR_CODE,
  ATTR_CONFORMING,
  ATTR_DB,
  ATTR_L,
  ATTR_P,
  ATTR_RW,
  ATTR_S,
  CR0_AM,
  CR0_EM,
  CR0_PE,
  CR0_TS,
  CR4_OSFXSR,
  CR4_OSXSAVE,
  CR4_PVI,
  CR4_VME,
  DR7_ENABLES,
  EFER_LMA,
} from "./bits";
import { watchesData } from "./breakpoints";
import { protection } from "./state";
import { AC, IOPL, RF, TF, VIF, VIP, VM } from "./flags";

/** Error summary bit of the x87 status word. */
const FSW_ES: u32 = 0x80;

@inline
export function isProtected(cpu: usize): bool {
  return (load<u64>(cpu, Cpu.cr0) & CR0_PE) != 0;
}

@inline
export function isV86(cpu: usize): bool {
  return (load<u32>(cpu, Cpu.eflags) & VM) != 0;
}

/** Segment registers hold paragraph numbers: real mode or virtual-8086 mode. */
@inline
export function isRealOrV86(cpu: usize): bool {
  return !isProtected(cpu) || isV86(cpu);
}

/** IA-32e mode, 64-bit or compatibility. */
@inline
export function isLong(cpu: usize): bool {
  return (load<u64>(cpu, Cpu.efer) & EFER_LMA) != 0;
}

@inline
export function ioplOf(cpu: usize): u32 {
  return (load<u32>(cpu, Cpu.eflags) & IOPL) >> 12;
}

/** What the code segment says of its instructions: their size, and MODE_APART. */
function codeMode(cpu: usize): u32 {
  const attr = load<u32>(cpu, Cpu.csAttr);
  if ((attr & ATTR_L) != 0 && isLong(cpu)) return Record.MODE_64;
  const apart = load<u64>(cpu, Cpu.csBase) != 0 || load<u32>(cpu, Cpu.csLimit) != <u32>-1;
  return ((attr & ATTR_DB) != 0 ? Record.MODE_32 : Record.MODE_16) | (apart ? Record.MODE_APART : 0);
}

/** Whether all of 4 GiB can be read and written through a segment register, from its base on. */
function isOpen(cpu: usize, seg: u32): bool {
  const s = cpu + Cpu.seg + <usize>seg * Cpu.SEG_SIZE;
  const type = load<u32>(s, Cpu.segAttr) & (ATTR_P | ATTR_S | ATTR_CODE | ATTR_CONFORMING | ATTR_RW);
  return type == (ATTR_P | ATTR_S | ATTR_RW) && load<u32>(s, Cpu.segLimit) == <u32>-1;
}

function isOpenAtZero(cpu: usize, seg: u32): bool {
  return isOpen(cpu, seg) && load<u64>(cpu + Cpu.seg + <usize>seg * Cpu.SEG_SIZE, Cpu.segBase) == 0;
}

/** MODE_FLAT or 0 for 32-bit code. */
function flatness(cpu: usize): u32 {
  if (isRealOrV86(cpu) || (load<u32>(cpu, Cpu.mode) & Record.MODE_APART) != 0) return 0;
  if ((load<u32>(cpu, Cpu.ssAttr) & ATTR_DB) == 0 || !isOpenAtZero(cpu, Cpu.SS)) return 0;
  return isOpenAtZero(cpu, Cpu.DS) && isOpenAtZero(cpu, Cpu.ES) ? Record.MODE_FLAT : 0;
}

/**
 * To be called after any change of a segment register that updateMode does not follow. Other than 32-bit code depends on
 * none but CS.
 */
export function updateSegments(cpu: usize): void {
  const mode = load<u32>(cpu, Cpu.mode);
  if ((mode & Record.MODE_SIZE) != Record.MODE_32) return;
  store<u32>(cpu, (mode & ~Record.MODE_FLAT) | flatness(cpu), Cpu.mode);
  const open = (isOpen(cpu, Cpu.FS) ? 1 << Cpu.FS : 0) | (isOpen(cpu, Cpu.GS) ? 1 << Cpu.GS : 0);
  store<u32>(cpu, open, Cpu.openSegments);
}

/** To be called after any change of CR0, CR4, EFER, EFLAGS.TF/VM/AC, CS, DR7 or the x87 error summary. */
export function updateMode(cpu: usize): void {
  const eflags = load<u32>(cpu, Cpu.eflags);
  const cr0 = load<u64>(cpu, Cpu.cr0);
  const cr4 = load<u64>(cpu, Cpu.cr4);
  if (!(cr0 & CR0_PE)) store<u32>(cpu, 0, Cpu.cpl);
  else if (eflags & VM) store<u32>(cpu, 3, Cpu.cpl);
  const step = (eflags & TF) != 0 || (load<u64>(cpu, Cpu.dr7) & DR7_ENABLES) != 0;
  store<u32>(cpu, codeMode(cpu) | (step ? Record.MODE_STEP : 0), Cpu.mode);
  updateSegments(cpu);
  const sse = (cr0 & (CR0_EM | CR0_TS)) != 0 || (cr4 & CR4_OSFXSR) == 0;
  store<u32>(cpu, sse ? 1 : 0, Cpu.sseTrap);
  const fpu = (cr0 & (CR0_EM | CR0_TS)) != 0 || (load<u16>(cpu, Cpu.fsw) & FSW_ES) != 0;
  store<u32>(cpu, fpu ? 1 : 0, Cpu.fpuTrap);
  selectTlb(cpu);
}

/** Points Cpu.tlb at the set of the current privilege, which Cpu.mode tells too; enough after a change of EFLAGS.AC alone. */
export function selectTlb(cpu: usize): void {
  const copies = load<u32>(cpu, Cpu.slow) & Cpu.SLOW_COPIES;
  const slow = (alignmentChecked(cpu) ? Cpu.SLOW_ALIGN : 0) | (watchesData(cpu) ? Cpu.SLOW_WATCH : 0) | copies;
  store<u32>(cpu, slow, Cpu.slow);
  store<u32>(cpu, <u32>(cpu + (slow != 0 ? Cpu.emptyTlb : Cpu.tlbTables + dataSet(cpu))), Cpu.tlb);
  const mode = load<u32>(cpu, Cpu.mode) & ~Record.MODE_USER;
  const user = load<u32>(cpu, Cpu.cpl) == 3 && (slow & Cpu.SLOW_OBSERVED) == 0 && (mode & Record.MODE_STEP) == 0;
  store<u32>(cpu, mode | (user ? Record.MODE_USER : 0), Cpu.mode);
}

function alignmentChecked(cpu: usize): bool {
  if (load<u32>(cpu, Cpu.cpl) != 3 || !(load<u32>(cpu, Cpu.eflags) & AC)) return false;
  return (load<u64>(cpu, Cpu.cr0) & CR0_AM) != 0;
}

/** Accesses from here on are made with another privilege (a new stack, a task switch). CS does not change. */
export function setPrivilege(cpu: usize, cpl: u32): void {
  store<u32>(cpu, cpl, Cpu.cpl);
  selectTlb(cpu);
}

/** Clears flags and derives what depends on them. */
export function clearFlags(cpu: usize, mask: u32): void {
  const eflags = load<u32>(cpu, Cpu.eflags);
  store<u32>(cpu, eflags & ~mask, Cpu.eflags);
  if ((eflags & mask & (TF | VM | AC)) != 0) updateMode(cpu);
}

/** CR4.OSXSAVE, which CPUID shows. */
@inline
export function osxsave(cpu: usize): bool {
  return (load<u64>(cpu, Cpu.cr4) & CR4_OSXSAVE) != 0;
}

/**
 * After flags came from IRET, SYSRET or a task: a virtual interrupt that is pending and may come, where VIF stands for IF, is
 * #GP(0) in front of the next instruction (SDM vol. 3, 20.3.2 and 20.4). False = raised, with the transfer done.
 */
export function settleVirtualInterrupt(cpu: usize): bool {
  if ((load<u32>(cpu, Cpu.eflags) & (VIF | VIP)) != (VIF | VIP) || load<u32>(cpu, Cpu.cpl) != 3) return true;
  if (!(load<u64>(cpu, Cpu.cr4) & (isV86(cpu) ? CR4_VME : CR4_PVI))) return true;
  store<u32>(cpu, 1, CpuSystem.committed);
  return protection(cpu, 0);
}

/** RF shields one instruction from breakpoints; without any it is dropped at once, so that nobody has to clear it. */
export function forgetResume(cpu: usize): void {
  if ((load<u64>(cpu, Cpu.dr7) & DR7_ENABLES) == 0) {
    store<u32>(cpu, load<u32>(cpu, Cpu.eflags) & ~RF, Cpu.eflags);
  }
}
