// In the mode JIT_CHECK translations count their instructions and can be stopped in front of each of them (jit/check.ts).

import * as Check from "../layout/check";
import * as E from "./emit";
import * as L from "./locals";
import { exitTo } from "./state";
import { flagsDieFrom } from "./translate/flag_life";

/** Pays for `n` instructions from a page offset on, or stops in front of them if so many may not be executed any more. */
export function paySteps(j: usize, offset: u32, n: u32): void {
  if (!L.isChecked(j)) return;
  countSteps(j, n);
  E.get(j, L.EXIT);
  E.i32Const(j, 0);
  E.op(j, E.I32_LT_S);
  E.ifThen(j, E.VOID);
  countSteps(j, -(<i32>n));
  L.pushCpu(j);
  E.i32Const(j, flagsDieFrom(j, offset) ? Check.STOPPED | Check.STOPPED_FLAGS_DEAD : Check.STOPPED);
  E.memory(j, E.I32_STORE, Check.stopped);
  exitTo(j, offset, L.EXIT_SHADOW);
  E.end(j);
}

/** Pays for an instruction that is left to the interpreter, which gives it back. */
export function payForExit(j: usize): void {
  if (L.isChecked(j)) countSteps(j, 1);
}

/** Takes from the steps that are left; how many these are then is in EXIT. */
function countSteps(j: usize, n: i32): void {
  L.pushCpu(j);
  L.pushCpu(j);
  E.memory(j, E.I32_LOAD, Check.steps);
  E.i32Const(j, n);
  E.op(j, E.I32_SUB);
  E.tee(j, L.EXIT);
  E.memory(j, E.I32_STORE, Check.steps);
}
