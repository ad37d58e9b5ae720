// Control and debug registers: what may be written, and what a write entails (SDM vol. 3, 2.5, 4.1 and 17.2).

import * as Cpu from "../layout/cpu";
import { flushTlb } from "../mem/tlb";
import { loadDirectoryPointers } from "../mem/walk";
import {
  ATTR_L,
  CR0_CD,
  CR0_EM,
  CR0_ET,
  CR0_MP,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_TS,
  CR0_WP,
  CR4_DE,
  CR4_PAE,
  CR4_PCIDE,
  CR4_PGE,
  CR4_PSE,
  CR4_SMAP,
  CR4_SMEP,
  DR6_BD,
  DR6_FIXED,
  DR7_GD,
  EFER_LMA,
  EFER_LME,
} from "./bits";
import { segmentOf } from "./descriptor";
import { cr4Allowed, PHYSICAL_BITS } from "./model";
import { isLong, updateMode } from "./mode";
import { is64, protection, raiseDebug, undefined } from "./state";

const CR0_KNOWN: u64 = 0xe005003f;
const CR3_RESERVED: u64 = ~(((<u64>1) << PHYSICAL_BITS) - 1);
const CR3_KEEP: u64 = (<u64>1) << 63;

/** Writes CR0; false = #GP(0) raised. */
export function writeCr0(cpu: usize, value: u64): bool {
  if (value >> 32) return protection(cpu, 0);
  if ((value & (CR0_PG | CR0_PE)) == CR0_PG) return protection(cpu, 0);
  if ((value & (CR0_NW | CR0_CD)) == CR0_NW) return protection(cpu, 0);
  const old = load<u64>(cpu, Cpu.cr0);
  if (((value ^ old) & CR0_PG) != 0 && !switchPaging(cpu, (value & CR0_PG) != 0)) return false;
  if ((value & ~old & CR0_PG) != 0 && !directoryPointers(cpu, load<u64>(cpu, Cpu.cr3), load<u64>(cpu, Cpu.cr4))) {
    return protection(cpu, 0);
  }
  store<u64>(cpu, (value & CR0_KNOWN) | CR0_ET, Cpu.cr0);
  if (((value ^ old) & (CR0_PG | CR0_PE | CR0_WP)) != 0) flushTlb(cpu, false);
  updateMode(cpu);
  return true;
}

/** Turning paging on with EFER.LME enters IA-32e mode, turning it off leaves it (SDM vol. 3, 9.8.5). */
function switchPaging(cpu: usize, on: bool): bool {
  const efer = load<u64>(cpu, Cpu.efer);
  const cr4 = load<u64>(cpu, Cpu.cr4);
  if (!on) {
    if (is64(cpu) || (cr4 & CR4_PCIDE) != 0) return protection(cpu, 0);
    store<u64>(cpu, efer & ~EFER_LMA, Cpu.efer);
    return true;
  }
  if (!(efer & EFER_LME)) return true;
  const cs64 = (load<u32>(cpu, Cpu.csAttr) & ATTR_L) != 0;
  // A busy 16-bit TSS (type 3) cannot be used in IA-32e mode.
  const tss16 = (load<u32>(segmentOf(cpu, Cpu.TR), Cpu.segAttr) & 0x9f) == 0x83;
  if (!(cr4 & CR4_PAE) || cs64 || tss16) return protection(cpu, 0);
  store<u64>(cpu, efer | EFER_LMA, Cpu.efer);
  return true;
}

/** PAE paging outside IA-32e mode has its directory pointers in registers; false if they are not valid. */
function directoryPointers(cpu: usize, cr3: u64, cr4: u64): bool {
  return (cr4 & CR4_PAE) == 0 || isLong(cpu) || loadDirectoryPointers(cpu, cr3);
}

@inline
function isPaged(cpu: usize): bool {
  return (load<u64>(cpu, Cpu.cr0) & CR0_PG) != 0;
}

/** LMSW: the low four bits of CR0; PE can be set but not cleared. */
export function writeMsw(cpu: usize, value: u32): bool {
  const old = load<u64>(cpu, Cpu.cr0);
  const low = (<u64>(value & 15)) | (old & CR0_PE);
  return writeCr0(cpu, (old & ~(CR0_PE | CR0_MP | CR0_EM | CR0_TS)) | low);
}

export function writeCr3(cpu: usize, value: u64): bool {
  const pcid = (load<u64>(cpu, Cpu.cr4) & CR4_PCIDE) != 0;
  const keep = pcid && (value & CR3_KEEP) != 0;
  if (pcid) value &= ~CR3_KEEP;
  if (isLong(cpu) && (value & CR3_RESERVED) != 0) return protection(cpu, 0);
  if (isPaged(cpu) && !directoryPointers(cpu, value, load<u64>(cpu, Cpu.cr4))) return protection(cpu, 0);
  const old = load<u64>(cpu, Cpu.cr3);
  store<u64>(cpu, value, Cpu.cr3);
  // Translations are not tagged with a PCID: one that is kept may only be the address space that is there already.
  if (!keep || old != value) flushTlb(cpu, true);
  return true;
}

export function writeCr4(cpu: usize, value: u64): bool {
  if (value & ~cr4Allowed(cpu)) return protection(cpu, 0);
  const old = load<u64>(cpu, Cpu.cr4);
  if (isLong(cpu) && (value & CR4_PAE) == 0) return protection(cpu, 0);
  if ((value & ~old & CR4_PCIDE) != 0) {
    if (!isLong(cpu) || (load<u64>(cpu, Cpu.cr3) & 0xfff) != 0) return protection(cpu, 0);
  }
  const reload = CR4_PGE | CR4_PSE | CR4_PAE | CR4_SMEP;
  if (((value ^ old) & reload) != 0 && isPaged(cpu) && !directoryPointers(cpu, load<u64>(cpu, Cpu.cr3), value)) {
    return protection(cpu, 0);
  }
  store<u64>(cpu, value, Cpu.cr4);
  const paging = CR4_PGE | CR4_PSE | CR4_PAE | CR4_SMEP | CR4_SMAP | CR4_PCIDE;
  if (((value ^ old) & paging) != 0) flushTlb(cpu, false);
  updateMode(cpu);
  return true;
}

/** The debug register that a number names: DR4 and DR5 are DR6 and DR7, or do not exist; -1 = fault raised. */
export function debugRegister(cpu: usize, n: u32): i32 {
  if ((n == 4 || n == 5) && (load<u64>(cpu, Cpu.cr4) & CR4_DE) != 0) {
    undefined(cpu);
    return -1;
  }
  if (load<u64>(cpu, Cpu.dr7) & DR7_GD) {
    raiseDebug(cpu, DR6_BD);
    return -1;
  }
  return n == 4 || n == 5 ? n + 2 : n;
}

/** Writes a debug register found by debugRegister. */
export function writeDebug(cpu: usize, n: u32, value: u64): bool {
  if (n >= 6 && value >> 32 != 0) return protection(cpu, 0);
  if (n == 6) value = (value & 0xe00f) | DR6_FIXED;
  if (n == 7) value = (value & 0xffff23ff) | 0x400;
  store<u64>(cpu + <usize>(n << 3), value, Cpu.dr);
  updateMode(cpu);
  return true;
}
