// Whether the vector and floating-point units may be used, and what happens to instructions that we do not have.

import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import { setIsaIrq } from "../platform/irq";
import { lockChips, unlockChips } from "../platform/kick";
import * as Ops from "./generated/ops";
import { readHost } from "./access";
import { machineOf, raise, ripOf, undefined } from "./state";

const CR0_EM: u64 = 4;
const CR0_TS: u64 = 8;
const CR0_NE: u64 = 0x20;
const CR4_OSFXSR: u64 = 0x200;
const FSW_ES: u32 = 0x80;
const IRQ_FPU: u32 = 13;

/** Before an SSE instruction, when Cpu.sseTrap says so: #UD or #NM (SDM vol. 3, 13.1). */
export function sseReady(cpu: usize): bool {
  const cr0 = load<u64>(cpu, Cpu.cr0);
  if ((cr0 & CR0_EM) != 0 || (load<u64>(cpu, Cpu.cr4) & CR4_OSFXSR) == 0) return undefined(cpu);
  return notSwitched(cpu, cr0);
}

/** Before an MMX or x87 instruction, when Cpu.fpuTrap says so: EM means #UD for MMX and #NM for x87. */
export function fpuReady(cpu: usize, op: i32): bool {
  const cr0 = load<u64>(cpu, Cpu.cr0);
  if ((cr0 & CR0_EM) != 0) {
    if (op < Ops.FIRST_FPU) return undefined(cpu);
    raise(cpu, Exception.NM, 0);
    return false;
  }
  return notSwitched(cpu, cr0) && (op >= Ops.FIRST_FPU_NOWAIT || errorReady(cpu));
}

/**
 * Before an MMX or waiting x87 instruction: an unmasked x87 exception is pending when the error summary is set. It raises
 * #MF, or without CR0.NE the line that a PC leads to IRQ 13 (SDM vol. 1, 8.7); IGNNE# lets the instruction go on.
 */
export function errorReady(cpu: usize): bool {
  if (!(load<u16>(cpu, Cpu.fsw) & FSW_ES)) return true;
  if (load<u64>(cpu, Cpu.cr0) & CR0_NE) {
    raise(cpu, Exception.MF, 0);
    return false;
  }
  if (load<u32>(cpu, Cpu.ignne) == 0) signalError(cpu);
  return true;
}

/** Interrupts are taken at the end of the block at the latest. */
function signalError(cpu: usize): void {
  const m = machineOf(cpu);
  lockChips(m);
  setIsaIrq(m, IRQ_FPU, true);
  unlockChips(m);
  store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
}

function notSwitched(cpu: usize, cr0: u64): bool {
  if (!(cr0 & CR0_TS)) return true;
  raise(cpu, Exception.NM, 0);
  return false;
}

/** #UD, remembering the bytes for the page to show. UD0, UD1 and UD2 are meant to be undefined and do not count. */
export function unimplemented(cpu: usize, rec: usize): void {
  const rip = ripOf(cpu, rec);
  const counters = cpu + Cpu.counters;
  const bytes = readHost(cpu, rip + load<u64>(cpu, Cpu.csBase), 1);
  if (bytes == 0) store<i32>(cpu, -1, Cpu.excVector);
  const available = min<u32>(16, 4096 - ((<u32>rip) & 4095));
  memory.fill(counters + Counters.lastUnimplemented, 0, 16);
  if (bytes != 0 && bytes != cpu + Cpu.scratch) memory.copy(counters + Counters.lastUnimplemented, bytes, available);
  store<u64>(counters, load<u64>(counters, Counters.unimplemented) + 1, Counters.unimplemented);
  store<u64>(counters, rip, Counters.lastUnimplementedRip);
  raise(cpu, Exception.UD, 0);
}
