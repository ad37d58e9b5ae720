// MXCSR, fences, and hints to the caches.

import * as Cpu from "../../layout/cpu";
import { readHost } from "../access";
import { ea } from "../operand";
import { protection } from "../state";
import { storeScalar } from "./sse_operands";

/** MXCSR_MASK: the bits that exist. */
export const MXCSR_BITS: u32 = 0xffff;

export function ldmxcsr(cpu: usize, rec: usize): bool {
  const from = readHost(cpu, ea(cpu, rec, 4, false), 4);
  if (from == 0) return false;
  const value = load<u32>(from);
  if ((value & ~MXCSR_BITS) != 0) return protection(cpu, 0);
  store<u32>(cpu, value, Cpu.mxcsr);
  return true;
}

export function stmxcsr(cpu: usize, rec: usize): bool {
  return storeScalar<u32>(cpu, rec, load<u32>(cpu, Cpu.mxcsr));
}

/**
 * Each CPU executes in order, but other workers see its stores through the host's memory order. A locked add on the CPU's
 * own scratch area orders them: asc emits `atomic.fence` with an ordering that the wasm validator refuses.
 */
export function fence(cpu: usize, rec: usize): bool {
  atomic.add<i32>(cpu + Cpu.scratch + 240, 0);
  return true;
}

/** PREFETCHh, PREFETCHW: no effect, and no fault whatever the address. */
export function prefetch(cpu: usize, rec: usize): bool {
  return true;
}

/** CLFLUSH and relatives: there is no cache to flush, but the address is checked as a load of one byte. */
export function cacheLine(cpu: usize, rec: usize): bool {
  return readHost(cpu, ea(cpu, rec, 1, false), 1) != 0;
}
