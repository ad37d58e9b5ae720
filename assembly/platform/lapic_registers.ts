// Registers of the local APIC as software sees them: the MMIO page of the xAPIC and the MSRs of the x2APIC (SDM vol. 3,
// tables 11-1 and 11-6). Both number them alike: MSR 800H + n is the register at offset n << 4.

import * as Cpu from "../layout/cpu";
import * as Lapic from "../layout/lapic";
import { BROADCAST, sendIpi } from "./delivery";
import { ioapicEoi } from "./ioapic";
import { takeLines } from "./irq";
import { lockChips, unlockChips } from "./kick";
import { endOfInterrupt, inX2apic, lapicError, resetIds, takePosted, updatePending } from "./lapic";
import { changeTimerMode, readCurrentCount, writeDivide, writeInitialCount } from "./lapic_timer";

/** Whether a register exists and can be read. */
function isReadable(cpu: usize, register: u32): bool {
  if (register >= <u32>Lapic.ISR && register <= <u32>Lapic.ESR) return true;
  switch (register) {
    case Lapic.ID:
    case Lapic.VERSION:
    case Lapic.TPR:
    case Lapic.PPR:
    case Lapic.LDR:
    case Lapic.SVR:
    case Lapic.ICR:
    case Lapic.LVT_TIMER:
    case Lapic.LVT_THERMAL:
    case Lapic.LVT_PERFORMANCE:
    case Lapic.LVT_LINT0:
    case Lapic.LVT_LINT1:
    case Lapic.LVT_ERROR:
    case Lapic.TIMER_INITIAL:
    case Lapic.TIMER_CURRENT:
    case Lapic.TIMER_DIVIDE:
      return true;
    case Lapic.DFR:
    case Lapic.ICR_HIGH:
      return !inX2apic(cpu);
    default:
      return false;
  }
}

function readRegister(cpu: usize, register: u32): u32 {
  if (register == Lapic.TIMER_CURRENT) return readCurrentCount(cpu);
  if (register >= <u32>Lapic.ISR && register < <u32>Lapic.ESR) takePosted(cpu);
  return load<u32>(cpu + Cpu.lapic + <usize>register);
}

/** Bits of a local vector table entry that software may write. */
function lvtMask(register: u32): u32 {
  switch (register) {
    case Lapic.LVT_TIMER:
      return 0x700ff;
    case Lapic.LVT_LINT0:
    case Lapic.LVT_LINT1:
      return 0x1a7ff;
    case Lapic.LVT_ERROR:
      return 0x100ff;
    default:
      return 0x107ff;
  }
}

function writeLvt(cpu: usize, register: u32, value: u32): void {
  const entry = cpu + Cpu.lapic + <usize>register;
  const before = load<u32>(entry);
  let after = value & lvtMask(register);
  // A disabled APIC keeps its entries masked (SDM 11.4.7.2).
  if ((load<u32>(cpu, Cpu.lapic + Lapic.SVR) & Lapic.SVR_ENABLED) == 0) after |= Lapic.LVT_MASKED;
  store<u32>(entry, after);
  if (register == Lapic.LVT_TIMER) changeTimerMode(cpu, before, after);
}

function writeSvr(cpu: usize, value: u32): void {
  store<u32>(cpu, value & 0x1ff, Cpu.lapic + Lapic.SVR);
  if (value & Lapic.SVR_ENABLED) return;
  for (let entry: usize = Lapic.LVT_TIMER; entry <= <usize>Lapic.LVT_ERROR; entry += 16) {
    const at = cpu + Cpu.lapic + entry;
    store<u32>(at, load<u32>(at) | Lapic.LVT_MASKED);
  }
}

/** EOI; a level-triggered one is told to the IOAPIC, which must know the lines as they are now. */
function writeEoi(cpu: usize): void {
  takePosted(cpu);
  const vector = endOfInterrupt(cpu);
  if (vector < 0) return;
  const m = <usize>load<u32>(cpu, Cpu.machine);
  lockChips(m);
  takeLines(m);
  ioapicEoi(m, vector);
  unlockChips(m);
}

function writeIcr(cpu: usize, icr: u32, dest: u32): void {
  const fixed = ((icr >> 8) & 7) <= <u32>Lapic.DELIVER_LOWEST;
  if (fixed && (icr & 0xff) < 16) lapicError(cpu, Lapic.ERROR_SEND_VECTOR);
  else sendIpi(cpu, icr, dest);
}

/** Writes a register; false if it does not exist or cannot be written. */
function writeRegister(cpu: usize, register: u32, value: u32): bool {
  const lapic = cpu + Cpu.lapic;
  switch (register) {
    case Lapic.TPR:
      store<u32>(lapic, value & 0xff, Lapic.TPR);
      break;
    case Lapic.EOI:
      writeEoi(cpu);
      break;
    case Lapic.SVR:
      writeSvr(cpu, value);
      break;
    case Lapic.ESR:
      store<u32>(lapic, load<u32>(lapic, Lapic.errors), Lapic.ESR);
      store<u32>(lapic, 0, Lapic.errors);
      break;
    case Lapic.LVT_TIMER:
    case Lapic.LVT_THERMAL:
    case Lapic.LVT_PERFORMANCE:
    case Lapic.LVT_LINT0:
    case Lapic.LVT_LINT1:
    case Lapic.LVT_ERROR:
      writeLvt(cpu, register, value);
      break;
    case Lapic.TIMER_INITIAL:
      writeInitialCount(cpu, value);
      break;
    case Lapic.TIMER_DIVIDE:
      writeDivide(cpu, value);
      break;
    default:
      return false;
  }
  settle(cpu);
  return true;
}

/** After a write, which does not end a block of instructions: what may be taken now must not wait for the next poll. */
function settle(cpu: usize): void {
  updatePending(cpu);
  if (load<i32>(cpu, Cpu.intrPending) != 0) atomic.store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
}

/** Registers that only the xAPIC has, or has in another form. */
function writeXapic(cpu: usize, register: u32, value: u32): void {
  const lapic = cpu + Cpu.lapic;
  switch (register) {
    case Lapic.LDR:
      store<u32>(lapic, value & 0xff000000, Lapic.LDR);
      return;
    case Lapic.DFR:
      store<u32>(lapic, value | 0xfffffff, Lapic.DFR);
      return;
    case Lapic.ICR_HIGH:
      store<u32>(lapic, value & 0xff000000, Lapic.ICR_HIGH);
      return;
    case Lapic.ICR: {
      // Delivery is done when the write is: bit 12 always reads 0.
      store<u32>(lapic, value & 0xccfff & ~0x1000, Lapic.ICR);
      const dest = load<u32>(lapic, Lapic.ICR_HIGH) >> 24;
      writeIcr(cpu, value, dest == 0xff ? BROADCAST : dest);
      settle(cpu);
      return;
    }
    case Lapic.ID:
      // Read-only since the Pentium 4.
      return;
    default:
      if (!writeRegister(cpu, register, value) && !isReadable(cpu, register)) lapicError(cpu, Lapic.ERROR_REGISTER);
  }
}

/** Whether the MMIO page is there: enabled and not in x2APIC mode. */
export function lapicMapped(cpu: usize): bool {
  return (load<u64>(cpu, Cpu.apicBase) & (Lapic.BASE_ENABLED | Lapic.BASE_X2APIC)) == Lapic.BASE_ENABLED;
}

/** A read of up to 4 bytes in the register page. Only the first dword of every 16 bytes is a register. */
export function lapicMmioRead(cpu: usize, offset: u32): u32 {
  const register = offset & 0xff0;
  if ((offset & 15) > 3) return 0;
  if (!isReadable(cpu, register)) {
    // EOI and the reserved registers of older models are read by nobody on purpose.
    if (register != Lapic.EOI) lapicError(cpu, Lapic.ERROR_REGISTER);
    return 0;
  }
  return readRegister(cpu, register) >> ((offset & 3) << 3);
}

export function lapicMmioWrite(cpu: usize, offset: u32, value: u32): void {
  if ((offset & 15) == 0) writeXapic(cpu, offset & 0xff0, value);
}

/** Reserved bits of a register in x2APIC mode (SDM table 11-6): setting one is #GP. */
function x2apicReserved(register: u32): u64 {
  switch (register) {
    case Lapic.TPR:
      return ~(<u64>0xff);
    case Lapic.EOI:
    case Lapic.ESR:
      return ~(<u64>0);
    case Lapic.SVR:
      return ~(<u64>0x1ff);
    case Lapic.TIMER_INITIAL:
      return ~(<u64>0xffffffff);
    case Lapic.TIMER_DIVIDE:
      return ~(<u64>11);
    default:
      // Read-only bits of the local vector table (status, remote IRR) may be written back.
      return ~(<u64>(lvtMask(register) | 0x5000));
  }
}

/** RDMSR 800H-8FFH in x2APIC mode; false = #GP. */
export function x2apicRead(cpu: usize, index: u32): bool {
  const register = (index & 0xff) << 4;
  if (!isReadable(cpu, register)) return false;
  let value = <u64>readRegister(cpu, register);
  if (register == Lapic.ICR) value |= (<u64>load<u32>(cpu, Cpu.lapic + Lapic.ICR_HIGH)) << 32;
  store<u64>(cpu, value, Cpu.msrValue);
  return true;
}

export function x2apicWrite(cpu: usize, index: u32): bool {
  const register = (index & 0xff) << 4;
  const value = load<u64>(cpu, Cpu.msrValue);
  if (register == Lapic.ICR) return writeX2apicIcr(cpu, value);
  if (register == Lapic.SELF_IPI) {
    if (value >> 8 != 0) return false;
    writeIcr(cpu, 0x40000 | (<u32>value), 0);
    settle(cpu);
    return true;
  }
  if (value & x2apicReserved(register)) return false;
  return writeRegister(cpu, register, <u32>value);
}

function writeX2apicIcr(cpu: usize, value: u64): bool {
  if ((<u32>value) & ~0xccfff) return false;
  store<u32>(cpu, (<u32>value) & ~0x1000, Cpu.lapic + Lapic.ICR);
  store<u32>(cpu, <u32>(value >> 32), Cpu.lapic + Lapic.ICR_HIGH);
  writeIcr(cpu, <u32>value, <u32>(value >> 32));
  settle(cpu);
  return true;
}

/** CR8 and TPR are the same register. */
export function lapicReadTpr(cpu: usize): u32 {
  return load<u32>(cpu, Cpu.lapic + Lapic.TPR) >> 4;
}

export function lapicWriteTpr(cpu: usize, value: u32): void {
  store<u32>(cpu, (value & 15) << 4, Cpu.lapic + Lapic.TPR);
  updatePending(cpu);
}

/** The mode in IA32_APIC_BASE has changed. */
export function apicModeChanged(cpu: usize): void {
  resetIds(cpu);
  updatePending(cpu);
}
