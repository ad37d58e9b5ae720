// Delivery of exceptions and interrupts (SDM vol. 3, chapter 6): the order of things, double and triple faults, real
// mode. cpu/gates.ts does protected modes. Called by the run loop and by the INT instructions. Cpu.rip is what the frame
// shall return to: a fault's own instruction, a trap's next.

import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Exception from "../layout/exception";
import * as Tss from "../layout/tss";
import { readHost, readSystem } from "./access";
import { CR4_VME, DR6_FIXED, DR7_GD } from "./bits";
import { segmentOf } from "./descriptor";
import { AC, getFlags, IF, IOPL, RF, TF, VIF } from "./flags";
import { frameCommit, frameCurrent, framePush } from "./frame";
import { deliverLong, deliverProtected } from "./gates";
import { clearFlags, ioplOf, isLong, isProtected, isV86, updateMode } from "./mode";
import { loadParagraph } from "./segments";
import { faulted, protection } from "./state";

/** INT n: the gate's DPL counts, virtual-8086 mode has its own rules. */
export const INT_N: u32 = 0;
/** INT3 and INTO: the gate's DPL counts. */
export const INT_TRAP: u32 = 1;
/** INT1 (ICEBP): like an exception, a trap. */
export const INT_ICEBP: u32 = 2;

/** Vectors that push an error code: 8, 10-14, 17, 21. */
const ERROR_VECTORS: u32 = 0x00227d00;
/** Contributory exceptions (SDM table 6-5): 0, 10-13. */
const CONTRIBUTORY: u32 = 0x00003c01;
/** More deliveries than any chain of faults can take before it ends in a double fault. */
const MAX_ROUNDS = 8;

function count(cpu: usize, counter: usize): void {
  const address = cpu + Cpu.counters + counter;
  store<u64>(address, load<u64>(address) + 1);
}

@inline
function inSet(set: u32, vector: i32): bool {
  return vector < 32 && ((set >> vector) & 1) != 0;
}

/** Delivers the exception in Cpu.excVector, whatever it takes. */
export function deliverPending(cpu: usize): void {
  // Whoever runs code on copies looks at the exception himself.
  if (load<u32>(cpu, Cpu.slow) & Cpu.SLOW_COPIES) return;
  let vector = load<i32>(cpu, Cpu.excVector);
  let error = load<u32>(cpu, Cpu.excError);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    store<i32>(cpu, -1, Cpu.excVector);
    store<u32>(cpu, vector + 1, Cpu.delivering);
    count(cpu, Counters.exceptions);
    if (vector < 32) count(cpu, Counters.exceptionByVector + ((<usize>vector) << 3));
    if (vector == Exception.DB) takeDebug(cpu);
    // The instruction will run again and hit its breakpoints again.
    else store<u64>(cpu, 0, Cpu.pendingDebug);
    if (deliverException(cpu, vector, error)) {
      store<u32>(cpu, 0, Cpu.delivering);
      return;
    }
    const next = load<i32>(cpu, Cpu.excVector);
    if (vector == Exception.DF) break;
    if (isDouble(vector, next)) {
      vector = Exception.DF;
      error = 0;
    } else {
      vector = next;
      error = load<u32>(cpu, Cpu.excError);
    }
  }
  shutdown(cpu);
}

/** Triple fault: the CPU stops until a reset. */
function shutdown(cpu: usize): void {
  store<i32>(cpu, -1, Cpu.excVector);
  store<u32>(cpu, 0, Cpu.delivering);
  store<u32>(cpu, Cpu.RUN_SHUTDOWN, Cpu.runState);
  atomic.store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
}

/** Whether a second exception during the delivery of the first makes a double fault (SDM table 6-5). */
function isDouble(first: i32, second: i32): bool {
  if (first == Exception.PF) return second == Exception.PF || inSet(CONTRIBUTORY, second);
  return inSet(CONTRIBUTORY, first) && inSet(CONTRIBUTORY, second);
}

/** #DB: the pending causes go to DR6, and DR7.GD is cleared for the handler. */
function takeDebug(cpu: usize): void {
  const pending = load<u64>(cpu, Cpu.pendingDebug);
  const dr6 = load<u64>(cpu, Cpu.dr6);
  store<u64>(cpu, (dr6 & ~(<u64>15)) | pending | DR6_FIXED, Cpu.dr6);
  store<u64>(cpu, 0, Cpu.pendingDebug);
  store<u64>(cpu, load<u64>(cpu, Cpu.dr7) & ~DR7_GD, Cpu.dr7);
}

function deliverException(cpu: usize, vector: i32, error: u32): bool {
  store<u32>(cpu, 0, CpuSystem.eventSoftware);
  store<u32>(cpu, inSet(ERROR_VECTORS, vector) ? 1 : 0, CpuSystem.eventHasError);
  store<u32>(cpu, error, CpuSystem.eventError);
  // Faults push RF set, so that an instruction breakpoint does not hit again; but not the one of the breakpoint itself
  // (SDM vol. 3, 17.3.1.1).
  const trap = vector == Exception.DB || vector == Exception.BP || vector == Exception.OF;
  return deliver(cpu, vector, trap ? getFlags(cpu) : getFlags(cpu) | RF);
}

/** One attempt; on false an exception has been raised, with the EXT bit if the event was not an INT instruction. */
function deliver(cpu: usize, vector: i32, flags: u32): bool {
  store<u32>(cpu, flags, CpuSystem.eventFlags);
  store<u32>(cpu, 0, CpuSystem.committed);
  store<u32>(cpu, 0, Cpu.shadow);
  if (route(cpu, vector)) {
    store<u32>(cpu, 0, CpuSystem.committed);
    store<u32>(cpu, 1, Cpu.delivered);
    return true;
  }
  const raised = load<i32>(cpu, Cpu.excVector);
  const named = raised >= Exception.TS && raised <= Exception.GP;
  if (named && load<u32>(cpu, CpuSystem.eventSoftware) == 0) {
    store<u32>(cpu, load<u32>(cpu, Cpu.excError) | 1, Cpu.excError);
  }
  return false;
}

function route(cpu: usize, vector: i32): bool {
  if (!isProtected(cpu)) return deliverReal(cpu, vector);
  return isLong(cpu) ? deliverLong(cpu, vector) : deliverProtected(cpu, vector);
}

function deliverReal(cpu: usize, vector: i32): bool {
  if (<u32>vector * 4 + 3 > load<u32>(cpu, Cpu.idtLimit)) return protection(cpu, 0);
  const entry = readSystem<u32>(cpu, load<u64>(cpu, Cpu.idtBase) + ((<u64>vector) << 2));
  if (faulted(cpu)) return false;
  return enterParagraph(cpu, entry, load<u32>(cpu, CpuSystem.eventFlags), IF | TF | AC | RF);
}

/** Pushes FLAGS, CS, IP and goes to the handler that an IVT entry names, with flags cleared. */
function enterParagraph(cpu: usize, entry: u32, flags: u32, clear: u32): bool {
  frameCurrent(cpu);
  if (!framePush(cpu, <u64>flags, 2)) return false;
  if (!framePush(cpu, <u64>load<u16>(segmentOf(cpu, Cpu.CS), Cpu.segSelector), 2)) return false;
  if (!framePush(cpu, load<u64>(cpu, Cpu.rip), 2)) return false;
  frameCommit(cpu);
  clearFlags(cpu, clear);
  loadParagraph(cpu, Cpu.CS, entry >> 16);
  store<u64>(cpu, <u64>(entry & 0xffff), Cpu.rip);
  updateMode(cpu);
  return true;
}

/** Delivers an interrupt that the APIC or PIC has handed out. */
export function deliverInterrupt(cpu: usize, vector: i32): void {
  count(cpu, Counters.interrupts);
  deliverEvent(cpu, vector);
}

export function deliverNmi(cpu: usize): void {
  store<u32>(cpu, 1, Cpu.nmiBlocked);
  deliverEvent(cpu, Exception.NMI);
}

/** IRET: NMIs are unblocked even if it faults (SDM vol. 3, 6.7.1). Of those that came while they were blocked one has waited. */
export function unblockNmi(cpu: usize): void {
  if (load<i32>(cpu, Cpu.nmiPending) != 0) {
    if (load<u32>(cpu, Cpu.nmiBlocked) != 0) atomic.store<i32>(cpu, 1, Cpu.nmiPending);
    store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
  }
  store<u32>(cpu, 0, Cpu.nmiBlocked);
}

function deliverEvent(cpu: usize, vector: i32): void {
  store<u32>(cpu, Cpu.RUN_RUNNING, Cpu.runState);
  store<u32>(cpu, 0, CpuSystem.eventSoftware);
  store<u32>(cpu, 0, CpuSystem.eventHasError);
  if (!deliver(cpu, vector, getFlags(cpu))) deliverPending(cpu);
}

/** INT n, INT3, INTO, INT1, with Cpu.rip after the instruction. false = a fault of the instruction has been raised. */
export function softInterrupt(cpu: usize, vector: i32, kind: u32): bool {
  store<u32>(cpu, kind == INT_ICEBP ? 0 : 1, CpuSystem.eventSoftware);
  store<u32>(cpu, 0, CpuSystem.eventHasError);
  if (kind == INT_ICEBP) takeDebug(cpu);
  if (kind == INT_N && isV86(cpu)) return interruptV86(cpu, vector);
  return finish(cpu, deliver(cpu, vector, getFlags(cpu)));
}

/** A fault that belongs to the new task after a task switch is delivered here: the run loop would restore the old rip. */
export function finish(cpu: usize, done: bool): bool {
  const committed = load<u32>(cpu, CpuSystem.committed) != 0;
  store<u32>(cpu, 0, CpuSystem.committed);
  if (done) return true;
  if (!committed) return false;
  deliverPending(cpu);
  return true;
}

/** INT n in virtual-8086 mode (SDM vol. 3, 20.3 and table 20-2). */
function interruptV86(cpu: usize, vector: i32): bool {
  const iopl3 = ioplOf(cpu) == 3;
  if ((load<u64>(cpu, Cpu.cr4) & CR4_VME) != 0) {
    const redirected = !handledByMonitor(cpu, vector);
    if (faulted(cpu)) return false;
    if (redirected) return redirectV86(cpu, vector, iopl3);
  }
  if (!iopl3) return protection(cpu, 0);
  return finish(cpu, deliver(cpu, vector, getFlags(cpu)));
}

/**
 * The bit of the vector in the TSS's interrupt redirection map, the 32 bytes below the I/O permission map. #GP(0) if it lies
 * beyond the TSS.
 */
function handledByMonitor(cpu: usize, vector: i32): bool {
  const tr = segmentOf(cpu, Cpu.TR);
  const base = load<u64>(tr, Cpu.segBase);
  const limit = load<u32>(tr, Cpu.segLimit);
  if (limit < <u32>(Tss.ioMap + 1)) return protection(cpu, 0);
  const at = <u32>readSystem<u16>(cpu, base + Tss.ioMap) - 32 + ((<u32>vector) >> 3);
  if (faulted(cpu)) return false;
  if (at > limit) return protection(cpu, 0);
  return ((readSystem<u8>(cpu, base + at) >> (<u8>(vector & 7))) & 1) != 0;
}

/** Through the 8086 program's own vector table at linear address 0; without IOPL 3, VIF stands for IF. */
function redirectV86(cpu: usize, vector: i32, iopl3: bool): bool {
  const host = readHost(cpu, (<u64>vector) << 2, 4);
  if (host == 0) return false;
  const entry = load<u32>(host);
  let flags = getFlags(cpu);
  if (!iopl3) flags = (flags & ~IF) | IOPL | ((flags & VIF) != 0 ? IF : 0);
  return enterParagraph(cpu, entry, flags, TF | RF | (iopl3 ? IF : VIF));
}
