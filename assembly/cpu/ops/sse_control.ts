// MXCSR, fences, and hints to the caches.

import * as Cpu from "../../layout/cpu";
import { orderMemory, readHost } from "../access";
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

export function fence(cpu: usize, rec: usize): bool {
  orderMemory(cpu);
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
