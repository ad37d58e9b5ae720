// What the run loop asks when it is about to take an interrupt.

import * as Counters from "../layout/counters";
import * as Cpu from "../layout/cpu";
import { lockChips, unlockChips } from "./kick";
import { acceptOwn, picWaits, takePosted, updatePending } from "./lapic";
import { picAcknowledge } from "./pic";

/**
 * The vector to deliver now, which becomes in service: the local APIC's, else the 8259's through LINT0. -1 if there is
 * none. The caller has seen Cpu.intrPending and EFLAGS.IF.
 */
export function acknowledgeInterrupt(cpu: usize): i32 {
  takePosted(cpu);
  updatePending(cpu);
  if (load<i32>(cpu, Cpu.intrPending) == 0) return -1;
  let vector = acceptOwn(cpu);
  if (vector < 0 && picWaits(cpu)) vector = acknowledgePic(cpu);
  updatePending(cpu);
  if (vector >= 0) {
    const count = cpu + Cpu.counters + Counters.interrupts;
    store<u64>(count, load<u64>(count) + 1);
  }
  return vector;
}

function acknowledgePic(cpu: usize): i32 {
  const m = <usize>load<u32>(cpu, Cpu.machine);
  lockChips(m);
  // Another CPU may have been faster.
  const vector = picWaits(cpu) ? picAcknowledge(m) : -1;
  unlockChips(m);
  return vector;
}
