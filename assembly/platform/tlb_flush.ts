// How pages leave a running machine: every CPU drops its translations and says so. Who takes pages away asks; a CPU
// answers between blocks, where it holds no host address.

import * as Cpu from "../layout/cpu";
import * as Machine from "../layout/machine";
import { flushTlb } from "../mem/tlb";
import { ringDevices } from "./doorbell";
import { cpuAt, kickCpu } from "./kick";

/** Asks all CPUs to drop their TLBs; returns the ticket that `tlbFlushed` wants. Any worker. */
export function requestTlbFlush(m: usize): u32 {
  const ticket = atomic.add<u32>(m, 1, Machine.tlbFlush) + 1;
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) kickCpu(cpuAt(m, i));
  return ticket;
}

/** Whether all CPUs have dropped their TLBs since the request. */
export function tlbFlushed(m: usize, ticket: u32): bool {
  const count = load<u32>(m, Machine.cpuCount);
  for (let i: u32 = 0; i < count; i++) {
    // The tickets wrap.
    if (<i32>(atomic.load<u32>(cpuAt(m, i), Cpu.tlbFlushSeen) - ticket) < 0) return false;
  }
  return true;
}

/** The request that stands now. */
@inline
export function tlbFlushTicket(m: usize): u32 {
  return atomic.load<u32>(m, Machine.tlbFlush);
}

/** A CPU's answer to a request, between blocks. It also says that what was asked for before the request is done. */
export function takeTlbFlush(cpu: usize, m: usize, ticket: u32): void {
  if (ticket == load<u32>(cpu, Cpu.tlbFlushSeen)) return;
  flushTlb(cpu, false);
  atomic.store<u32>(cpu, ticket, Cpu.tlbFlushSeen);
  ringDevices(m);
}
