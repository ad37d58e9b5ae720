// A call of the guest to code without a translation: the interpreter executes it, until a translation can take over. Here and
// not in the calling region, so that the way of a call that is translated has no loop in it.

import * as Cpu from "../layout/cpu";
import * as Jit from "../layout/jit";
import { translationEntry } from "../cpu/code_cache";
import { interpret } from "../cpu/generated/run";
import { GO_ON, IN_PLACE } from "../cpu/region_exit";
import { checkedInterpret } from "./check";

/** Slot of the translation of Cpu.rip; 0 = nobody knows one, or somebody asks for attention. */
function knownSlot(cpu: usize): u32 {
  if (load<i32>(cpu, Cpu.exitRequest) > load<i32>(cpu, Cpu.fuel)) return 0;
  const rip = load<u64>(cpu, Cpu.rip);
  const entry = translationEntry(cpu, rip);
  if (load<u64>(entry, Jit.jcRip) != rip || load<u32>(entry, Jit.jcKey) != load<u32>(cpu, Cpu.jitKey)) return 0;
  return load<u32>(entry, Jit.jcSlot);
}

/** Without a level left the interpreter must return LEFT in place of GO_ON. */
@inline
function inPlace(depth: u32): u32 {
  return depth != 0 ? depth | IN_PLACE : 0;
}

/** Executes the callee at `rip` with all state in memory; `depth` calls may be nested. Returns what regions return. */
export function jitCall(cpu: usize, rip: u64, depth: u32): i64 {
  while (true) {
    const left = interpret(cpu, rip, inPlace(depth));
    if (left != GO_ON) return left;
    rip = load<u64>(cpu, Cpu.rip);
    const slot = knownSlot(cpu);
    if (slot != 0) return call_indirect<i64>(slot, cpu, rip, depth - 1);
  }
}

/** The same in the mode JIT_CHECK. */
export function checkedCall(cpu: usize, rip: u64, depth: u32): i64 {
  while (true) {
    const left = checkedInterpret(cpu, rip, inPlace(depth));
    if (left != GO_ON) return left;
    rip = load<u64>(cpu, Cpu.rip);
    const slot = knownSlot(cpu);
    if (slot != 0) return call_indirect<i64>(slot, cpu, rip, depth - 1);
  }
}
