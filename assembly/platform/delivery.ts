// Routes interrupt messages (IPIs, MSIs, IOAPIC pins) to local APICs. Any worker may call.

import * as Cpu from "../layout/cpu";
import * as Lapic from "../layout/lapic";
import * as Machine from "../layout/machine";
import { cpuAt, kickCpu } from "./kick";
import { inX2apic, lapicAccepts, lapicOn, post } from "./lapic";

/** Destination that every CPU takes; 8-bit broadcasts are widened to it. */
export const BROADCAST: u32 = <u32>-1;

function matchesLogical(cpu: usize, dest: u32): bool {
  const ldr = load<u32>(cpu, Cpu.lapic + Lapic.LDR);
  if (inX2apic(cpu)) return ldr >> 16 == dest >> 16 && (ldr & dest & 0xffff) != 0;
  const own = ldr >> 24;
  if (load<u32>(cpu, Cpu.lapic + Lapic.DFR) >> 28 == 15) return (own & dest & 0xff) != 0;
  return own >> 4 == ((dest >> 4) & 15) && (own & dest & 15) != 0;
}

function matches(cpu: usize, dest: u32, logical: bool): bool {
  if (dest == BROADCAST) return true;
  return logical ? matchesLogical(cpu, dest) : load<u32>(cpu, Cpu.index) == dest;
}

/** Delivers one message to one CPU; false if it does not take it. */
function deliverTo(cpu: usize, mode: u32, vector: u32, level: bool): bool {
  if (!lapicOn(cpu)) return false;
  switch (mode) {
    case Lapic.DELIVER_FIXED:
    case Lapic.DELIVER_LOWEST:
      if (!lapicAccepts(cpu)) return false;
      post(cpu, vector, level);
      return true;
    case Lapic.DELIVER_NMI:
      // One is delivered, one more may wait behind it.
      if (atomic.load<i32>(cpu, Cpu.nmiPending) < 2) atomic.add<i32>(cpu, 1, Cpu.nmiPending);
      kickCpu(cpu);
      return true;
    case Lapic.DELIVER_INIT:
      atomic.store<i32>(cpu, 0, Cpu.sipiRequest);
      atomic.store<i32>(cpu, 1, Cpu.initRequest);
      kickCpu(cpu);
      return true;
    case Lapic.DELIVER_STARTUP:
      atomic.store<i32>(cpu, <i32>vector + 1, Cpu.sipiRequest);
      kickCpu(cpu);
      return true;
    default:
      // SMI, remote read and ExtINT: there is no SMM, and the 8259 reaches CPUs through LINT0 only.
      return false;
  }
}

/** Delivers a message to all CPUs that match; with lowest priority to one of them. False if nobody took it. */
export function deliver(m: usize, dest: u32, logical: bool, mode: u32, vector: u32, level: bool): bool {
  const count = load<u32>(m, Machine.cpuCount);
  if (mode == Lapic.DELIVER_LOWEST) return deliverLowest(m, dest, logical, vector, level);
  if (!logical && dest < count) return deliverTo(cpuAt(m, dest), mode, vector, level);
  let taken = false;
  for (let i: u32 = 0; i < count; i++) {
    const cpu = cpuAt(m, i);
    if (matches(cpu, dest, logical) && deliverTo(cpu, mode, vector, level)) taken = true;
  }
  return taken;
}

/** Arbitration is ours to define (SDM 11.6.2.4): the vector picks, so that an interrupt stays on one CPU. */
function deliverLowest(m: usize, dest: u32, logical: bool, vector: u32, level: bool): bool {
  const count = load<u32>(m, Machine.cpuCount);
  let able: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const cpu = cpuAt(m, i);
    if (matches(cpu, dest, logical) && lapicAccepts(cpu)) able++;
  }
  if (able == 0) return false;
  let skip = vector % able;
  for (let i: u32 = 0; i < count; i++) {
    const cpu = cpuAt(m, i);
    if (!matches(cpu, dest, logical) || !lapicAccepts(cpu)) continue;
    if (skip-- == 0) return deliverTo(cpu, Lapic.DELIVER_FIXED, vector, level);
  }
  return false;
}

/** An 8-bit destination as IOAPIC entries and MSI addresses have it. */
export function wideDestination(dest: u32): u32 {
  return dest == 0xff ? BROADCAST : dest;
}

/** A message-signalled interrupt (SDM vol. 3, 11.11). Addresses outside the interrupt window are dropped. */
export function raiseMsi(m: usize, address: u32, data: u32): void {
  if (address >> 20 != 0xfee) return;
  const dest = wideDestination((address >> 12) & 0xff);
  const level = (data & 0x8000) != 0;
  if (level && (data & 0x4000) == 0) return;
  deliver(m, dest, (address & 4) != 0, (data >> 8) & 7, data & 0xff, level);
}

const SHORTHAND_SELF: u32 = 1;
const SHORTHAND_ALL: u32 = 2;

/** A write to ICR. `dest` is already widened. The caller has made sure that the vector is legal. */
export function sendIpi(cpu: usize, icr: u32, dest: u32): void {
  const m = <usize>load<u32>(cpu, Cpu.machine);
  const mode = (icr >> 8) & 7;
  const vector = icr & 0xff;
  // The level de-assert of INIT only mattered to the bus arbitration of the first APICs.
  if (mode == Lapic.DELIVER_INIT && (icr & 0xc000) == 0x8000) return;
  const shorthand = (icr >> 18) & 3;
  if (shorthand == 0) {
    deliver(m, dest, (icr & 0x800) != 0, mode, vector, false);
  } else if (shorthand == SHORTHAND_SELF) {
    // The manual wants fixed ones only (SDM table 11-3); QEMU and KVM deliver all, and programs rely on INIT.
    deliverTo(cpu, mode, vector, false);
  } else {
    const count = load<u32>(m, Machine.cpuCount);
    for (let i: u32 = 0; i < count; i++) {
      const target = cpuAt(m, i);
      if (target != cpu || shorthand == SHORTHAND_ALL) deliverTo(target, mode, vector, false);
    }
  }
}
