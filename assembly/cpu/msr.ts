// Model-specific registers of the CPU itself (SDM vol. 4; AMD APM vol. 2, appendix A). Those of the APIC, the clocks and
// KVM are the platform's. The value goes through Cpu.msrValue. What is not here does not exist: #GP, and counted.

import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as F from "../layout/cpu_features";
import * as CpuSystem from "../layout/cpu_system";
import { flushTlb } from "../mem/tlb";
import { isCanonical } from "../mem/walk";
import { platformReadMsr, platformWriteMsr } from "../platform/msr";
import { CR0_PG, EFER_AUTO_IBRS, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE } from "./bits";
import { hasFeature, isIntel, PHYSICAL_BITS } from "./model";
import { updateMode } from "./mode";
import { protection } from "./state";

const MTRR_CAP: u64 = 0x508;
/** Supervisor components of XSAVES: there are none. */
const IA32_XSS: u32 = 0xda0;
/** Memory types that a PAT entry or an MTRR may have: UC, WC, WT, WP, WB and (PAT only) UC-. */
const PAT_TYPES: u32 = 0xf3;
const MTRR_TYPES: u32 = 0x73;

/** RDMSR: true with the value in Cpu.msrValue, or #GP(0). */
export function readMsr(cpu: usize, index: u32): bool {
  const field = plainField(index);
  if (field != 0) {
    store<u64>(cpu, load<u64>(cpu + field), Cpu.msrValue);
    return true;
  }
  if (readSpecial(cpu, index) || platformReadMsr(cpu, index)) return true;
  return unknown(cpu, index);
}

/** WRMSR: false = #GP(0). */
export function writeMsr(cpu: usize, index: u32, value: u64): bool {
  const field = plainField(index);
  if (field != 0) {
    if (!plainAllowed(cpu, index, value)) return protection(cpu, 0);
    store<u64>(cpu + field, value);
    return true;
  }
  const done = writeSpecial(cpu, index, value);
  if (done > 0) return true;
  if (done < 0) return protection(cpu, 0);
  store<u64>(cpu, value, Cpu.msrValue);
  if (platformWriteMsr(cpu, index)) return true;
  return unknown(cpu, index);
}

function unknown(cpu: usize, index: u32): bool {
  const counters = cpu + Cpu.counters;
  store<u64>(counters, load<u64>(counters, Counters.unknownMsrs) + 1, Counters.unknownMsrs);
  store<u64>(counters, <u64>index, Counters.lastUnknownMsr);
  return protection(cpu, 0);
}

/** Offset of the field that holds an MSR as written, 0 = it is not that simple. */
function plainField(index: u32): usize {
  switch (index) {
    case 0x174:
      return Cpu.sysenterCs;
    case 0x175:
      return Cpu.sysenterEsp;
    case 0x176:
      return Cpu.sysenterEip;
    case 0x277:
      return Cpu.pat;
    case 0x2ff:
      return Cpu.mtrrDefType;
    case 0xc0000081:
      return Cpu.star;
    case 0xc0000082:
      return Cpu.lstar;
    case 0xc0000083:
      return Cpu.cstar;
    case 0xc0000084:
      return Cpu.sfmask;
    case 0xc0000100:
      return Cpu.fsBase;
    case 0xc0000101:
      return Cpu.gsBase;
    case 0xc0000102:
      return Cpu.kernelGsBase;
    default:
      return mtrrField(index);
  }
}

function mtrrField(index: u32): usize {
  if (index >= 0x200 && index < 0x210) return Cpu.mtrrVar + ((index - 0x200) << 3);
  if (index == 0x250) return Cpu.mtrrFixed;
  if (index == 0x258 || index == 0x259) return Cpu.mtrrFixed + 8 + ((index - 0x258) << 3);
  if (index >= 0x268 && index < 0x270) return Cpu.mtrrFixed + 24 + ((index - 0x268) << 3);
  return 0;
}

/** Whether all eight bytes are memory types out of a set. */
function typesIn(set: u32, value: u64): bool {
  for (let i: u64 = 0; i < 64; i += 8) {
    const type = (<u32>(value >> i)) & 0xff;
    if (type > 7 || ((set >> type) & 1) == 0) return false;
  }
  return true;
}

@inline
function isMemoryType(value: u64): bool {
  return value < 7 && ((MTRR_TYPES >> (<u32>value)) & 1) != 0;
}

/** A base with its memory type, or a mask with its valid bit. */
function mayBeRange(index: u32, value: u64): bool {
  if (value >> PHYSICAL_BITS != 0) return false;
  return (index & 1) != 0 ? (value & 0x7ff) == 0 : (value & 0xf00) == 0 && isMemoryType(value & 0xff);
}

function plainAllowed(cpu: usize, index: u32, value: u64): bool {
  if (index == 0x277) return typesIn(PAT_TYPES, value);
  if (index == 0x2ff) return (value & ~(<u64>0xcff)) == 0 && isMemoryType(value & 0xff);
  if (index >= 0x200 && index < 0x210) return mayBeRange(index, value);
  if (index >= 0x250 && index < 0x270) return typesIn(MTRR_TYPES, value);
  // STAR, SFMASK and SYSENTER_CS are no addresses.
  if (index == 0x174 || index == 0xc0000081) return true;
  if (index == 0xc0000084) return value >> 32 == 0;
  return isCanonical(value);
}

@inline
function give(cpu: usize, value: u64): bool {
  store<u64>(cpu, value, Cpu.msrValue);
  return true;
}

function readSpecial(cpu: usize, index: u32): bool {
  switch (index) {
    case 0x8b:
      // Microcode revision, as KVM reports it for each vendor.
      return give(cpu, isIntel(cpu) ? (<u64>1) << 32 : 0x01000065);
    case 0x17:
      return give(cpu, 0);
    case 0x3a:
      // Locked, nothing enabled; an Intel register.
      return isIntel(cpu) && give(cpu, 1);
    case 0xfe:
      return give(cpu, MTRR_CAP);
    case 0x179: // No machine-check banks.
    case 0x17a:
    case 0x17b:
    case 0x1db:
    case 0x1dc:
    case 0x1dd:
    case 0x1de:
      return give(cpu, 0);
    case 0x1a0:
      return give(cpu, load<u64>(cpu, Cpu.miscEnable));
    case 0x1d9:
      return give(cpu, load<u64>(cpu, CpuSystem.debugCtl));
    case IA32_XSS:
      return hasFeature(cpu, F.XSAVES) && give(cpu, 0);
    case 0xc0000080:
      return give(cpu, load<u64>(cpu, Cpu.efer));
    case 0xc0000103:
      return (hasFeature(cpu, F.RDTSCP) || hasFeature(cpu, F.RDPID)) && give(cpu, load<u64>(cpu, Cpu.tscAux));
    default:
      return !isIntel(cpu) && readAmd(cpu, index);
  }
}

/** Registers that software for AMD processors expects to be there. */
function readAmd(cpu: usize, index: u32): bool {
  switch (index) {
    case 0xc0010015:
      return give(cpu, load<u64>(cpu, CpuSystem.hwcr));
    case 0xc0011029:
      return give(cpu, load<u64>(cpu, CpuSystem.deCfg));
    default:
      return isZeroAmd(index) && give(cpu, 0);
  }
}

/** Performance counters, SYSCFG, NB_CFG, INT_PENDING, MMIO configuration base, SVM host save area: read 0, keep nothing. */
function isZeroAmd(index: u32): bool {
  if (index >= 0xc0010000 && index <= 0xc0010007) return true;
  switch (index) {
    case 0xc0010010:
    case 0xc001001a:
    case 0xc001001d:
    case 0xc001001f:
    case 0xc0010055:
    case 0xc0010058:
    case 0xc0010112:
    case 0xc0010117:
      return true;
    default:
      return false;
  }
}

/** 1: done, -1: #GP, 0: not here. */
function writeSpecial(cpu: usize, index: u32, value: u64): i32 {
  switch (index) {
    case 0x79: // Microcode updates are accepted and change nothing.
    case 0x8b:
    case 0x17a:
    case 0x17b:
      return 1;
    case 0x1a0:
      store<u64>(cpu, value, Cpu.miscEnable);
      return 1;
    case 0x1d9:
      store<u64>(cpu, value & 3, CpuSystem.debugCtl);
      return 1;
    case IA32_XSS:
      if (!hasFeature(cpu, F.XSAVES)) return 0;
      return value == 0 ? 1 : -1;
    case 0xc0000080:
      return writeEfer(cpu, value) ? 1 : -1;
    case 0xc0000103:
      if (!hasFeature(cpu, F.RDTSCP) && !hasFeature(cpu, F.RDPID)) return 0;
      // AMD's processors ignore the upper half.
      if (value >> 32 != 0 && isIntel(cpu)) return -1;
      store<u64>(cpu, value & 0xffffffff, Cpu.tscAux);
      return 1;
    default:
      return isIntel(cpu) ? 0 : writeAmd(cpu, index, value);
  }
}

function writeAmd(cpu: usize, index: u32, value: u64): i32 {
  if (index == 0xc0010015) store<u64>(cpu, value, CpuSystem.hwcr);
  else if (index == 0xc0011029) store<u64>(cpu, value, CpuSystem.deCfg);
  else if (!isZeroAmd(index)) return 0;
  return 1;
}

function writeEfer(cpu: usize, value: u64): bool {
  let allowed = EFER_SCE | EFER_LME | EFER_LMA;
  if (hasFeature(cpu, F.NX)) allowed |= EFER_NXE;
  if (hasFeature(cpu, F.AUTO_IBRS)) allowed |= EFER_AUTO_IBRS;
  if (value & ~allowed) return false;
  const old = load<u64>(cpu, Cpu.efer);
  const paging = (load<u64>(cpu, Cpu.cr0) & CR0_PG) != 0;
  if (paging && ((value ^ old) & EFER_LME) != 0) return false;
  store<u64>(cpu, (value & ~EFER_LMA) | (old & EFER_LMA), Cpu.efer);
  if ((value ^ old) & EFER_NXE) flushTlb(cpu, false);
  updateMode(cpu);
  return true;
}
