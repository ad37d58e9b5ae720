// What follows an instruction that ran alone: the end of an interrupt shadow, the single-step trap.

import * as Cpu from "../layout/cpu";
import * as Exception from "../layout/exception";
import { deliverPending } from "./exceptions";
import { raise } from "./state";

export const AFTER_SHADOW: i32 = 1;
export const AFTER_STEP: i32 = 2;

const DR6 = Cpu.dr + 48;
const DR6_BS: u64 = 0x4000;

/** After an instruction that ran alone for the reasons in `why`; Cpu.rip is the next one's address. */
export function afterSingle(cpu: usize, why: i32): void {
  if (why & AFTER_SHADOW) {
    store<u32>(cpu, 0, Cpu.shadow);
    store<i32>(cpu, 1, Cpu.exitRequest);
  }
  // MOV SS and POP SS hold the trap off as well (SDM vol. 3, 6.8.3); the next instruction's trap comes instead.
  if ((why & AFTER_STEP) != 0 && load<u32>(cpu, Cpu.shadow) != Cpu.SHADOW_SS) {
    store<u64>(cpu, load<u64>(cpu, DR6) | DR6_BS, DR6);
    raise(cpu, Exception.DB, 0);
    deliverPending(cpu);
  }
}
