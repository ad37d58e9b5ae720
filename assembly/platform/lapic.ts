// Local APIC: which interrupts a CPU has, holds and takes (Intel SDM vol. 3, chapter 11). Everything but `post` is for
// the CPU's own worker.

import * as Cpu from "../layout/cpu";
import * as Lapic from "../layout/lapic";
import * as Machine from "../layout/machine";
import * as Pic from "../layout/pic";
import { kickCpu } from "./kick";

/** Offset of the 32-bit part of a 256-bit register that holds `vector`. */
@inline
function wordOf(vector: u32): usize {
  return <usize>((vector >> 5) << 4);
}

@inline
function setBit(cpu: usize, register: usize, vector: u32): void {
  const word = cpu + Cpu.lapic + register + wordOf(vector);
  store<u32>(word, load<u32>(word) | (1 << (vector & 31)));
}

@inline
function clearBit(cpu: usize, register: usize, vector: u32): void {
  const word = cpu + Cpu.lapic + register + wordOf(vector);
  store<u32>(word, load<u32>(word) & ~(1 << (vector & 31)));
}

function testBit(cpu: usize, register: usize, vector: u32): bool {
  return ((load<u32>(cpu + Cpu.lapic + register + wordOf(vector)) >> (vector & 31)) & 1) != 0;
}

/** Highest vector in ISR or IRR, -1 if there is none. */
function highest(cpu: usize, register: usize): i32 {
  for (let word = 7; word >= 0; word--) {
    const bits = load<u32>(cpu + Cpu.lapic + register + <usize>(word << 4));
    if (bits != 0) return (word << 5) + 31 - clz<u32>(bits);
  }
  return -1;
}

@inline
export function lapicOn(cpu: usize): bool {
  return (load<u64>(cpu, Cpu.apicBase) & Lapic.BASE_ENABLED) != 0;
}

@inline
export function inX2apic(cpu: usize): bool {
  return (load<u64>(cpu, Cpu.apicBase) & Lapic.BASE_X2APIC) != 0;
}

/** Whether fixed interrupts are accepted: enabled in IA32_APIC_BASE and in SVR. */
export function lapicAccepts(cpu: usize): bool {
  return lapicOn(cpu) && (load<u32>(cpu, Cpu.lapic + Lapic.SVR) & Lapic.SVR_ENABLED) != 0;
}

/** Whether INTR of the 8259 reaches this CPU: through LINT0 as ExtINT, or directly while the APIC is off. */
export function acceptsPic(cpu: usize): bool {
  if (!lapicOn(cpu)) return true;
  return (load<u32>(cpu, Cpu.lapic + Lapic.LVT_LINT0) & (Lapic.LVT_MASKED | Lapic.LVT_MODE)) == Lapic.LVT_EXTINT;
}

/** Raises `vector` on a CPU, from any worker. */
export function post(cpu: usize, vector: u32, level: bool): void {
  const word = cpu + Cpu.lapic + <usize>((vector >> 5) << 2);
  const bit: u32 = 1 << (vector & 31);
  if (level) atomic.or<u32>(word, bit, Lapic.postedLevel);
  else atomic.and<u32>(word, ~bit, Lapic.postedLevel);
  atomic.or<u32>(word, bit, Lapic.posted);
  kickCpu(cpu);
}

/** Whether `vector` waits on or is handled by a CPU; from any worker, so only a hint. */
export function isBusy(cpu: usize, vector: u32): bool {
  const posted = atomic.load<u32>(cpu + Cpu.lapic + <usize>((vector >> 5) << 2), Lapic.posted);
  return ((posted >> (vector & 31)) & 1) != 0 || testBit(cpu, Lapic.IRR, vector) || testBit(cpu, Lapic.ISR, vector);
}

/** Takes what others posted into IRR. */
export function takePosted(cpu: usize): void {
  const lapic = cpu + Cpu.lapic;
  for (let word: usize = 0; word < 8; word++) {
    if (atomic.load<u32>(lapic + (word << 2), Lapic.posted) == 0) continue;
    const bits = atomic.xchg<u32>(lapic + (word << 2), 0, Lapic.posted);
    const level = atomic.load<u32>(lapic + (word << 2), Lapic.postedLevel);
    const row = lapic + (word << 4);
    store<u32>(row, (load<u32>(row, Lapic.TMR) & ~bits) | (level & bits), Lapic.TMR);
    store<u32>(row, load<u32>(row, Lapic.IRR) | bits, Lapic.IRR);
  }
  rejectIllegalVectors(cpu);
}

/** Vectors 0-15 are an error of the sender that the receiver notes (SDM 11.5.3). */
function rejectIllegalVectors(cpu: usize): void {
  const row = cpu + Cpu.lapic;
  const bits = load<u32>(row, Lapic.IRR);
  if ((bits & 0xffff) == 0) return;
  store<u32>(row, bits & ~0xffff, Lapic.IRR);
  lapicError(cpu, Lapic.ERROR_RECEIVE_VECTOR);
}

/** An edge-triggered interrupt of the CPU's own APIC. */
export function raiseLocal(cpu: usize, vector: u32): void {
  if (vector < 16) {
    lapicError(cpu, Lapic.ERROR_RECEIVE_VECTOR);
    return;
  }
  clearBit(cpu, Lapic.TMR, vector);
  setBit(cpu, Lapic.IRR, vector);
}

/** Notes an error for ESR and raises the error interrupt, once per kind until ESR is written. */
export function lapicError(cpu: usize, error: u32): void {
  const lapic = cpu + Cpu.lapic;
  const known = load<u32>(lapic, Lapic.errors);
  if ((known & error) == error) return;
  store<u32>(lapic, known | error, Lapic.errors);
  const entry = load<u32>(lapic, Lapic.LVT_ERROR);
  if (entry & Lapic.LVT_MASKED) return;
  const vector = entry & 0xff;
  // An illegal vector in the error entry itself must not recurse.
  if (vector >= 16) raiseLocal(cpu, vector);
}

/** Derives PPR (SDM 11.8.3.1) and Cpu.intrPending; to be called after every change of IRR, ISR, TPR, LINT0 or INTR. */
export function updatePending(cpu: usize): void {
  const lapic = cpu + Cpu.lapic;
  const tpr = load<u32>(lapic, Lapic.TPR) & 0xff;
  const inService = highest(cpu, Lapic.ISR);
  const service: u32 = inService < 0 ? 0 : (<u32>inService) & 0xf0;
  const ppr = (tpr & 0xf0) >= service ? tpr : service;
  store<u32>(lapic, ppr, Lapic.PPR);
  const own = lapicOn(cpu) && highest(cpu, Lapic.IRR) >= <i32>((ppr & 0xf0) + 16);
  store<i32>(cpu, own || picWaits(cpu) ? 1 : 0, Cpu.intrPending);
}

export function picWaits(cpu: usize): bool {
  const m = <usize>load<u32>(cpu, Cpu.machine);
  return atomic.load<u32>(m + Machine.pic, Pic.output) != 0 && acceptsPic(cpu);
}

/** Moves the highest interrupt above PPR from IRR to ISR and returns its vector, -1 if there is none. */
export function acceptOwn(cpu: usize): i32 {
  if (!lapicOn(cpu)) return -1;
  const vector = highest(cpu, Lapic.IRR);
  if (vector < <i32>((load<u32>(cpu, Cpu.lapic + Lapic.PPR) & 0xf0) + 16)) return -1;
  clearBit(cpu, Lapic.IRR, vector);
  setBit(cpu, Lapic.ISR, vector);
  return vector;
}

/** Ends the interrupt with the highest priority in service; its vector if it was level-triggered, else -1. */
export function endOfInterrupt(cpu: usize): i32 {
  const vector = highest(cpu, Lapic.ISR);
  if (vector < 0) return -1;
  clearBit(cpu, Lapic.ISR, vector);
  return testBit(cpu, Lapic.TMR, vector) ? vector : -1;
}

/** State after INIT: everything but the APIC id and IA32_APIC_BASE (SDM 11.4.7.3). */
export function lapicInit(cpu: usize): void {
  const lapic = cpu + Cpu.lapic;
  for (let word: usize = 0; word < 8; word++) atomic.store<u32>(lapic + (word << 2), 0, Lapic.posted);
  memory.fill(lapic, 0, Lapic.posted);
  store<u32>(lapic, 0, Lapic.errors);
  store<u64>(lapic, u64.MAX_VALUE, Lapic.timerDeadline);
  store<u64>(lapic, 0, Lapic.timerPeriod);
  store<u64>(cpu, 0, Cpu.tscDeadline);
  store<u32>(lapic, 0x50014, Lapic.VERSION);
  store<u32>(lapic, 0xff, Lapic.SVR);
  for (let entry: usize = Lapic.LVT_TIMER; entry <= <usize>Lapic.LVT_ERROR; entry += 16) {
    store<u32>(lapic + entry, Lapic.LVT_MASKED);
  }
  resetIds(cpu);
  // Nothing runs before the kernel, so the boot CPU starts in the virtual wire mode that firmware would have set.
  const isBsp = (load<u64>(cpu, Cpu.apicBase) & Lapic.BASE_BSP) != 0;
  if (isBsp) store<u32>(lapic, Lapic.LVT_EXTINT, Lapic.LVT_LINT0);
  updatePending(cpu);
}

/** ID, LDR and DFR as the mode in IA32_APIC_BASE has them; in x2APIC mode LDR derives from the id (SDM 11.12.10.2). */
export function resetIds(cpu: usize): void {
  const lapic = cpu + Cpu.lapic;
  const id = load<u32>(cpu, Cpu.index);
  const x2 = inX2apic(cpu);
  store<u32>(lapic, x2 ? id : id << 24, Lapic.ID);
  store<u32>(lapic, x2 ? ((id >> 4) << 16) | (1 << (id & 15)) : 0, Lapic.LDR);
  store<u32>(lapic, x2 ? 0 : <u32>-1, Lapic.DFR);
}

/** Power-on state. */
export function lapicReset(cpu: usize, isBsp: bool): void {
  store<u64>(cpu, 0xfee00000 | Lapic.BASE_ENABLED | (isBsp ? Lapic.BASE_BSP : 0), Cpu.apicBase);
  lapicInit(cpu);
}
