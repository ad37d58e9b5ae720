// What surrounds an instruction that runs alone: instruction breakpoints before it; after it the end of an interrupt
// shadow, data breakpoints, the single-step trap (SDM vol. 3, 17.3).

import * as Cpu from "../layout/cpu";
import * as CpuSystem from "../layout/cpu_system";
import * as Record from "../layout/record";
import { DEBUGCTL_BTF, DR6_BREAKPOINTS, DR6_BS, DR7_ENABLES } from "./bits";
import { matchCode } from "./breakpoints";
import { deliverPending } from "./exceptions";
import * as Ops from "./generated/ops";
import { RF, TF } from "./flags";
import { nextRipOf, raiseDebug } from "./state";

export const AFTER_SHADOW: i32 = 1;
const AFTER_STEP: i32 = 2;
const AFTER_BREAKPOINTS: i32 = 4;

/**
 * Before the instruction at Cpu.rip runs alone: what to do after it, for afterSingle; -1 if a breakpoint stands there and
 * #DB has been raised. An instruction that is alone only because it straddles two pages has no consequences.
 */
export function beforeSingle(cpu: usize): i32 {
  const shadow = load<u32>(cpu, Cpu.shadow);
  let why = shadow != 0 ? AFTER_SHADOW : 0;
  if (!(load<u32>(cpu, Cpu.mode) & Record.MODE_STEP)) return why;
  store<u32>(cpu, 0, Cpu.delivered);
  const eflags = load<u32>(cpu, Cpu.eflags);
  if (eflags & TF) why |= AFTER_STEP;
  if (!(load<u64>(cpu, Cpu.dr7) & DR7_ENABLES)) return why;
  // RF, and MOV SS before, shield one instruction.
  const hits = (eflags & RF) != 0 || shadow == Cpu.SHADOW_SS ? 0 : matchCode(cpu);
  store<u32>(cpu, eflags & ~RF, Cpu.eflags);
  if (hits == 0) return why | AFTER_BREAKPOINTS;
  raiseDebug(cpu, hits);
  return -1;
}

/** After an instruction that ran alone for the reasons in `why`; Cpu.rip is the next one's address. */
export function afterSingle(cpu: usize, why: i32): void {
  if (why & AFTER_SHADOW) {
    store<u32>(cpu, 0, Cpu.shadow);
    store<i32>(cpu, Cpu.REQUESTED, Cpu.exitRequest);
  }
  // MOV SS and POP SS hold the traps off as well (SDM vol. 3, 6.8.3): breakpoints wait, the single step is lost.
  if ((why & ~AFTER_SHADOW) == 0 || load<u32>(cpu, Cpu.shadow) == Cpu.SHADOW_SS) return;
  let causes = load<u64>(cpu, Cpu.pendingDebug) & DR6_BREAKPOINTS;
  if ((why & AFTER_STEP) != 0 && steps(cpu)) causes |= DR6_BS;
  if (causes == 0) return;
  store<u32>(cpu, Cpu.RUN_RUNNING, Cpu.runState);
  raiseDebug(cpu, causes);
  deliverPending(cpu);
}

/** The single-step trap at once, with Cpu.rip as the address to return to. */
export function trapStep(cpu: usize): void {
  raiseDebug(cpu, DR6_BS);
  deliverPending(cpu);
}

/** INT n has cleared TF for its handler and takes no trap; with DEBUGCTL.BTF only branches do. */
function steps(cpu: usize): bool {
  if (load<u32>(cpu, Cpu.delivered) != 0) return false;
  return (load<u64>(cpu, CpuSystem.debugCtl) & DEBUGCTL_BTF) == 0 || branched(cpu);
}

/** Whether execution does not go on behind the instruction that ran alone; a locked one has a FENCE in front. */
function branched(cpu: usize): bool {
  let rec = cpu + Cpu.scratchRecords;
  if (load<u16>(rec, Record.op) == Ops.FENCE) rec += Record.SIZE;
  return load<u64>(cpu, Cpu.rip) != nextRipOf(cpu, rec);
}
