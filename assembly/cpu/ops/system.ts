// System instructions: descriptor tables, control and debug registers, MSRs, identification, interrupts on and off.

import * as Counters from "../../layout/counters";
import * as Cpu from "../../layout/cpu";
import * as Record from "../../layout/record";
import { flushTlb, invalidatePage } from "../../mem/tlb";
import { isCanonical } from "../../mem/walk";
import { tscNow } from "../../platform/clock";
import { lapicReadTpr, lapicWriteTpr } from "../../platform/lapic_registers";
import { readHost, storeLinear } from "../access";
import { startShadow } from "../code_cache";
import { CR0_TS, CR4_PCIDE, CR4_PVI, CR4_TSD, CR4_UMIP, CR4_VME } from "../bits";
import { debugRegister, writeCr0, writeCr3, writeCr4, writeDebug, writeMsw } from "../control";
import { cpuid } from "../cpuid";
import { selectorOf } from "../descriptor";
import { AC, IF, VIF, VIP } from "../flags";
import { ioplOf, isProtected, isRealOrV86, isV86, selectTlb, updateMode } from "../mode";
import { readMsr, writeMsr } from "../msr";
import { ea, isRegister, regGet, regSet, rmHost, rmStore } from "../operand";
import { loadSegment } from "../segments";
import { cplOf, faulted, is64, protection, undefined } from "../state";

/** False with #GP(0) raised unless CPL is 0. */
@inline
function privileged(cpu: usize): bool {
  return cplOf(cpu) == 0 || protection(cpu, 0);
}

/** SGDT, SIDT, SLDT, STR and SMSW under CR4.UMIP. */
@inline
function mayShow(cpu: usize): bool {
  return cplOf(cpu) == 0 || (load<u64>(cpu, Cpu.cr4) & CR4_UMIP) == 0 || protection(cpu, 0);
}

// Descriptor tables.

function storeTable(cpu: usize, rec: usize, base: u64, limit: u32): bool {
  if (!mayShow(cpu)) return false;
  const wide = is64(cpu);
  const la = ea(cpu, rec, wide ? 10 : 6, true);
  // The base first: if one page is missing, nothing visible has been stored in order.
  const done = wide ? storeLinear<u64>(cpu, la + 2, base) : storeLinear<u32>(cpu, la + 2, <u32>base);
  return done && storeLinear<u16>(cpu, la, <u16>limit);
}

export function sgdt(cpu: usize, rec: usize): bool {
  return storeTable(cpu, rec, load<u64>(cpu, Cpu.gdtBase), load<u32>(cpu, Cpu.gdtLimit));
}

export function sidt(cpu: usize, rec: usize): bool {
  return storeTable(cpu, rec, load<u64>(cpu, Cpu.idtBase), load<u32>(cpu, Cpu.idtLimit));
}

/** Reads limit and base to the fields at `base` and `limit`; a 16-bit operand size has 24-bit bases. */
function loadTable(cpu: usize, rec: usize, base: usize, limit: usize, narrow: bool): bool {
  if (!privileged(cpu)) return false;
  const wide = is64(cpu);
  const size: u32 = wide ? 10 : 6;
  const host = readHost(cpu, ea(cpu, rec, size, false), size);
  if (host == 0) return false;
  const value = wide ? load<u64>(host, 2) : (<u64>load<u32>(host, 2)) & (narrow ? 0xffffff : 0xffffffff);
  if (wide && !isCanonical(value)) return protection(cpu, 0);
  store<u64>(cpu + base, value);
  store<u32>(cpu + limit, <u32>load<u16>(host));
  return true;
}

export function lgdt<T>(cpu: usize, rec: usize): bool {
  return loadTable(cpu, rec, Cpu.gdtBase, Cpu.gdtLimit, sizeof<T>() == 2);
}

export function lidt<T>(cpu: usize, rec: usize): bool {
  return loadTable(cpu, rec, Cpu.idtBase, Cpu.idtLimit, sizeof<T>() == 2);
}

/** Stores 16 bits to memory, or a register of the operand size zero-extended. */
@inline
function storeWord<T>(cpu: usize, rec: usize, value: u32): bool {
  if (isRegister(rec)) return rmStore<T>(cpu, rec, <T>value);
  return storeLinear<u16>(cpu, ea(cpu, rec, 2, true), <u16>value);
}

export function sldt<T>(cpu: usize, rec: usize): bool {
  if (isRealOrV86(cpu)) return undefined(cpu);
  return mayShow(cpu) && storeWord<T>(cpu, rec, selectorOf(cpu, Cpu.LDTR));
}

export function str<T>(cpu: usize, rec: usize): bool {
  if (isRealOrV86(cpu)) return undefined(cpu);
  return mayShow(cpu) && storeWord<T>(cpu, rec, selectorOf(cpu, Cpu.TR));
}

function loadSystemSegment(cpu: usize, rec: usize, seg: u32): bool {
  if (isRealOrV86(cpu)) return undefined(cpu);
  if (!privileged(cpu)) return false;
  const host = rmHost<u16>(cpu, rec);
  return host != 0 && loadSegment(cpu, seg, load<u16>(host));
}

export function lldt(cpu: usize, rec: usize): bool {
  return loadSystemSegment(cpu, rec, Cpu.LDTR);
}

export function ltr(cpu: usize, rec: usize): bool {
  return loadSystemSegment(cpu, rec, Cpu.TR);
}

// Control registers.

export function smsw<T>(cpu: usize, rec: usize): bool {
  if (!mayShow(cpu)) return false;
  const cr0 = load<u64>(cpu, Cpu.cr0);
  if (isRegister(rec)) return rmStore<T>(cpu, rec, <T>cr0);
  return storeLinear<u16>(cpu, ea(cpu, rec, 2, true), <u16>cr0);
}

export function lmsw(cpu: usize, rec: usize): bool {
  if (!privileged(cpu)) return false;
  const host = rmHost<u16>(cpu, rec);
  return host != 0 && writeMsw(cpu, load<u16>(host));
}

export function clts(cpu: usize, rec: usize): bool {
  if (!privileged(cpu)) return false;
  store<u64>(cpu, load<u64>(cpu, Cpu.cr0) & ~CR0_TS, Cpu.cr0);
  updateMode(cpu);
  return true;
}

/** Value of the register operand of MOV CR and MOV DR: 64 or 32 bits by mode. */
@inline
function wideOperand(cpu: usize, rec: usize): u64 {
  const offset = load<u8>(rec, Record.rm);
  return is64(cpu) ? regGet<u64>(cpu, offset) : <u64>regGet<u32>(cpu, offset);
}

@inline
function setWideOperand(cpu: usize, rec: usize, value: u64): void {
  const offset = load<u8>(rec, Record.rm);
  if (is64(cpu)) regSet<u64>(cpu, offset, value);
  else regSet<u32>(cpu, offset, <u32>value);
}

export function movToCr(cpu: usize, rec: usize): bool {
  const n = load<u8>(rec, Record.reg);
  if (n != 0 && n != 2 && n != 3 && n != 4 && n != 8) return undefined(cpu);
  if (!privileged(cpu)) return false;
  const value = wideOperand(cpu, rec);
  if (n == 0) return writeCr0(cpu, value);
  if (n == 3) return writeCr3(cpu, value);
  if (n == 4) return writeCr4(cpu, value);
  if (n == 2) {
    store<u64>(cpu, value, Cpu.cr2);
    return true;
  }
  if (value > 15) return protection(cpu, 0);
  lapicWriteTpr(cpu, <u32>value);
  return true;
}

export function movFromCr(cpu: usize, rec: usize): bool {
  const n = load<u8>(rec, Record.reg);
  if (n != 0 && n != 2 && n != 3 && n != 4 && n != 8) return undefined(cpu);
  if (!privileged(cpu)) return false;
  let value: u64;
  if (n == 0) value = load<u64>(cpu, Cpu.cr0);
  else if (n == 2) value = load<u64>(cpu, Cpu.cr2);
  else if (n == 3) value = load<u64>(cpu, Cpu.cr3);
  else if (n == 4) value = load<u64>(cpu, Cpu.cr4);
  else value = <u64>lapicReadTpr(cpu);
  setWideOperand(cpu, rec, value);
  return true;
}

/** The debug register of a MOV; -1 = fault raised. */
function debugOperand(cpu: usize, rec: usize): i32 {
  const n = <u32>load<u8>(rec, Record.reg);
  if (n > 7) {
    undefined(cpu);
    return -1;
  }
  return privileged(cpu) ? debugRegister(cpu, n) : -1;
}

export function movToDr(cpu: usize, rec: usize): bool {
  const n = debugOperand(cpu, rec);
  return n >= 0 && writeDebug(cpu, <u32>n, wideOperand(cpu, rec));
}

export function movFromDr(cpu: usize, rec: usize): bool {
  const n = debugOperand(cpu, rec);
  if (n < 0) return false;
  setWideOperand(cpu, rec, load<u64>(cpu + <usize>(n << 3), Cpu.dr));
  return true;
}

// Translations and caches.

export function invlpg(cpu: usize, rec: usize): bool {
  if (!privileged(cpu)) return false;
  const la = ea(cpu, rec, 1, false);
  if (faulted(cpu)) return false;
  invalidatePage(cpu, la);
  return true;
}

export function invpcid(cpu: usize, rec: usize): bool {
  if (!privileged(cpu)) return false;
  const host = readHost(cpu, ea(cpu, rec, 16, false), 16);
  if (host == 0) return false;
  const offset = load<u8>(rec, Record.reg);
  const type = is64(cpu) ? regGet<u64>(cpu, offset) : <u64>regGet<u32>(cpu, offset);
  const pcid = load<u64>(host);
  const la = load<u64>(host, 8);
  if (type > 3 || pcid >> 12 != 0) return protection(cpu, 0);
  if (type == 0 && !isCanonical(la)) return protection(cpu, 0);
  if (type < 2 && pcid != 0 && (load<u64>(cpu, Cpu.cr4) & CR4_PCIDE) == 0) return protection(cpu, 0);
  if (type == 0) invalidatePage(cpu, la);
  else flushTlb(cpu, type != 2);
  return true;
}

/** INVD, WBINVD, WBNOINVD: memory is coherent, there is nothing to write back. */
export function cacheControl(cpu: usize, rec: usize): bool {
  return privileged(cpu);
}

// Model-specific registers and clocks.

export function rdmsr(cpu: usize, rec: usize): bool {
  if (!privileged(cpu) || !readMsr(cpu, load<u32>(cpu, Cpu.rcx))) return false;
  const value = load<u64>(cpu, Cpu.msrValue);
  store<u64>(cpu, value & 0xffffffff, Cpu.rax);
  store<u64>(cpu, value >> 32, Cpu.rdx);
  return true;
}

export function wrmsr(cpu: usize, rec: usize): bool {
  if (!privileged(cpu)) return false;
  const value = (<u64>load<u32>(cpu, Cpu.rax)) | ((<u64>load<u32>(cpu, Cpu.rdx)) << 32);
  return writeMsr(cpu, load<u32>(cpu, Cpu.rcx), value);
}

@inline
function mayReadTsc(cpu: usize): bool {
  return cplOf(cpu) == 0 || (load<u64>(cpu, Cpu.cr4) & CR4_TSD) == 0 || protection(cpu, 0);
}

export function rdtsc(cpu: usize, rec: usize): bool {
  if (!mayReadTsc(cpu)) return false;
  const now = tscNow(cpu);
  store<u64>(cpu, now & 0xffffffff, Cpu.rax);
  store<u64>(cpu, now >> 32, Cpu.rdx);
  return true;
}

export function rdtscp(cpu: usize, rec: usize): bool {
  if (!rdtsc(cpu, rec)) return false;
  store<u64>(cpu, load<u64>(cpu, Cpu.tscAux) & 0xffffffff, Cpu.rcx);
  return true;
}

/** There are no performance counters: every index is invalid. */
export function rdpmc(cpu: usize, rec: usize): bool {
  return protection(cpu, 0);
}

export function identify(cpu: usize, rec: usize): bool {
  cpuid(cpu);
  return true;
}

export function rdpid(cpu: usize, rec: usize): bool {
  store<u64>(cpu + <usize>load<u8>(rec, Record.rm), load<u64>(cpu, Cpu.tscAux) & 0xffffffff);
  return true;
}

// Waiting.

function halt(cpu: usize): void {
  const counters = cpu + Cpu.counters;
  store<u64>(counters, load<u64>(counters, Counters.halts) + 1, Counters.halts);
  store<u32>(cpu, Cpu.RUN_HALTED, Cpu.runState);
  atomic.store<i32>(cpu + Cpu.exitRequest, Cpu.REQUESTED);
}

export function hlt(cpu: usize, rec: usize): bool {
  if (!privileged(cpu)) return false;
  halt(cpu);
  return true;
}

export function monitor(cpu: usize, rec: usize): bool {
  if (cplOf(cpu) != 0) return undefined(cpu);
  return load<u32>(cpu, Cpu.rcx) == 0 || protection(cpu, 0);
}

/** MWAIT may end at any time for any reason: here at once, as KVM does without support for it. */
export function mwait(cpu: usize, rec: usize): bool {
  if (cplOf(cpu) != 0) return undefined(cpu);
  return true;
}

/** PAUSE and the hint space 0F 18-1F. */
export function nop(cpu: usize, rec: usize): bool {
  return true;
}

/** UD0, UD1, UD2 and RSM outside SMM. */
export function ud(cpu: usize, rec: usize): bool {
  return undefined(cpu);
}

/** VMCALL and VMMCALL. The KVM features that need hypercalls are not offered. */
export function hypercall(cpu: usize, rec: usize): bool {
  const KVM_ENOSYS: i64 = -1000;
  const KVM_EPERM: i64 = -1;
  const KVM_EOPNOTSUPP: i64 = -95;
  const CLOCK_PAIRING: u64 = 9;
  const wide = is64(cpu);
  const number = wide ? load<u64>(cpu, Cpu.rax) : <u64>load<u32>(cpu, Cpu.rax);
  let result = KVM_ENOSYS;
  if (cplOf(cpu) != 0) result = KVM_EPERM;
  else if (number == CLOCK_PAIRING) result = KVM_EOPNOTSUPP;
  store<u64>(cpu, wide ? <u64>result : <u64>(<u32>result), Cpu.rax);
  return true;
}

// Interrupt flag.

/** Whether CLI and STI work on VIF: virtual-8086 mode with VME, or privilege 3 with PVI, below the needed IOPL. */
function virtualIf(cpu: usize): bool {
  const cr4 = load<u64>(cpu, Cpu.cr4);
  return isV86(cpu) ? (cr4 & CR4_VME) != 0 : cplOf(cpu) == 3 && (cr4 & CR4_PVI) != 0;
}

@inline
function mayChangeIf(cpu: usize): bool {
  return !isProtected(cpu) || cplOf(cpu) <= ioplOf(cpu);
}

export function cli(cpu: usize, rec: usize): bool {
  const eflags = load<u32>(cpu, Cpu.eflags);
  if (mayChangeIf(cpu)) store<u32>(cpu, eflags & ~IF, Cpu.eflags);
  else if (virtualIf(cpu)) store<u32>(cpu, eflags & ~VIF, Cpu.eflags);
  else return protection(cpu, 0);
  return true;
}

export function sti(cpu: usize, rec: usize): bool {
  const eflags = load<u32>(cpu, Cpu.eflags);
  if (mayChangeIf(cpu)) {
    if (!(eflags & IF)) startShadow(cpu, Cpu.SHADOW_STI);
    store<u32>(cpu, eflags | IF, Cpu.eflags);
    return true;
  }
  if (!virtualIf(cpu) || (eflags & VIP) != 0) return protection(cpu, 0);
  store<u32>(cpu, eflags | VIF, Cpu.eflags);
  return true;
}

function changeAc(cpu: usize, set: bool): bool {
  if (cplOf(cpu) != 0) return undefined(cpu);
  const eflags = load<u32>(cpu, Cpu.eflags);
  store<u32>(cpu, set ? eflags | AC : eflags & ~AC, Cpu.eflags);
  selectTlb(cpu);
  return true;
}

export function clac(cpu: usize, rec: usize): bool {
  return changeAc(cpu, false);
}

export function stac(cpu: usize, rec: usize): bool {
  return changeAc(cpu, true);
}

export function swapgs(cpu: usize, rec: usize): bool {
  if (!is64(cpu)) return undefined(cpu);
  if (!privileged(cpu)) return false;
  const base = load<u64>(cpu, Cpu.gsBase);
  store<u64>(cpu, load<u64>(cpu, Cpu.kernelGsBase), Cpu.gsBase);
  store<u64>(cpu, base, Cpu.kernelGsBase);
  return true;
}
